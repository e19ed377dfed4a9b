"""XML laid out for reading."""

from __future__ import annotations

import re
import time

from inspector.core.bodies import view_bytes
from inspector.core.markup import laid_out


def test_an_element_a_row() -> None:
    """Short elements stay on a row, comments and mixed text keep their words, quoted brackets are no tags."""
    text = '<?xml version="1.0"?><a><b x="1>2">t &amp; u</b><c/><!-- h<i --><d><e></e>mixed <f>2</f></d></a>'
    assert laid_out(text) == "\n".join(
        [
            '<?xml version="1.0"?>',
            "<a>",
            '  <b x="1>2">t &amp; u</b>',
            "  <c/>",
            "  <!-- h<i -->",
            "  <d>",
            "    <e></e>",
            "    mixed",
            "    <f>2</f>",
            "  </d>",
            "</a>",
        ]
    )
    shown = view_bytes(text.encode(), "application/xml")
    assert shown.kind == "xml"
    assert shown.notes == ("Laid out for reading; 4 has it as it came.",)
    assert re.sub(r"\s", "", shown.text) == re.sub(r"\s", "", text)


def test_what_is_left_alone() -> None:
    """What is laid out already, not closed, HTML, or long stays as it came, and hostile text takes no time."""
    assert laid_out("<a>\n  <b>1</b>\n</a>") is None
    assert laid_out("<a><!-- never closed") is None
    assert laid_out('<a b="never closed>') is None
    assert view_bytes(b"<p>a<b>c</b></p>", "text/html").notes == ()
    began = time.process_time()
    for piece in ("<!--", '<"<" ', "<a ", "<![CDATA[", "</a>", "<a>"):
        laid_out(piece * 200_000)
    assert time.process_time() - began < 4


def test_yaml_is_known_by_its_looks() -> None:
    """Keys, elements and indented rows are YAML also as text/plain; sentences are not."""
    assert view_bytes(b"kind: Pod\nmetadata:\n  name: x\nitems:\n- 1\n", "text/plain").kind == "yaml"
    assert view_bytes(b"Dear all,\nnote: nothing happened.\n", "text/plain").kind == "text"
    assert view_bytes(b"note: one line", "text/plain").kind == "text"
