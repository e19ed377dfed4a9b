"""What was learnt of event types, for other tools: schemas, types, references, samples. Text, no files."""
