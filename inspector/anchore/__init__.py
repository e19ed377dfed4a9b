"""The Anchore side: which event types are documented, and everything that speaks to an Anchore deployment."""
