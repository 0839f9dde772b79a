"""Small PDFs built byte by byte, so that a test knows what is in them."""

from __future__ import annotations

from collections.abc import Sequence


def pdf(pages: Sequence[str]) -> bytes:
    """A PDF 1.4 with these texts, a page each; newlines begin new lines on the page."""
    return _pages([_stream(_drawn(text), b"") for text in pages])


def pdf_of_stream(content: bytes, stream_filter: bytes) -> bytes:
    """A PDF of one page whose content stream is these bytes behind this filter."""
    return _pages([_stream(content, stream_filter)])


def _pages(pages: Sequence[bytes]) -> bytes:
    font = 3 + 2 * len(pages)
    kids = " ".join(f"{3 + 2 * index} 0 R" for index in range(len(pages)))
    objects = [
        b"<< /Type /Catalog /Pages 2 0 R >>",
        f"<< /Type /Pages /Kids [{kids}] /Count {len(pages)} >>".encode(),
    ]
    for index, stream in enumerate(pages):
        objects.append(
            f"<< /Type /Page /Parent 2 0 R /MediaBox [0 0 612 792] /Contents {4 + 2 * index} 0 R "
            f"/Resources << /Font << /F1 {font} 0 R >> >> >>".encode()
        )
        objects.append(stream)
    objects.append(b"<< /Type /Font /Subtype /Type1 /BaseFont /Helvetica >>")
    return _file(objects)


def _drawn(text: str) -> bytes:
    escaped = text.replace("\\", "\\\\").replace("(", "\\(").replace(")", "\\)")
    lines = " T* ".join(f"({line}) Tj" for line in escaped.split("\n"))
    return f"BT /F1 12 Tf 72 720 Td 14 TL {lines} ET".encode("latin-1")


def _stream(content: bytes, stream_filter: bytes) -> bytes:
    head = b"<< /Length %d %s >>" % (len(content), stream_filter)
    return head + b"\nstream\n" + content + b"\nendstream"


def _file(objects: Sequence[bytes], extra: bytes = b"") -> bytes:
    out, places = b"%PDF-1.4\n", []
    for number, content in enumerate(objects, 1):
        places.append(len(out))
        out += b"%d 0 obj\n" % number + content + b"\nendobj\n"
    table = b"".join(b"%010d 00000 n \n" % place for place in places)
    start = len(out)
    out += b"xref\n0 %d\n0000000000 65535 f \n" % (len(objects) + 1) + table
    out += b"trailer << /Size %d /Root 1 0 R %s >>\n" % (len(objects) + 1, extra)
    return out + b"startxref\n%d\n%%%%EOF\n" % start


def locked_pdf(text: str) -> bytes:
    """A PDF whose standard security handler knows a password nobody has."""
    protected = (
        b"/Encrypt << /Filter /Standard /V 1 /R 2 /Length 40 /P -4 /O <" + b"41" * 32 + b"> "
        b"/U <" + b"42" * 32 + b"> >> /ID [<00112233445566778899aabbccddeeff> <00>]"
    )
    plain = pdf([text])
    return plain.replace(b"/Root 1 0 R  >>", b"/Root 1 0 R " + protected + b" >>")
