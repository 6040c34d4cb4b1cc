"""The parsers of what stores and servers answer, and of what says which of them to trust."""

from __future__ import annotations

import tempfile
from collections.abc import Iterator
from pathlib import Path

from fuzz.mutations import mutated
from fuzz.targets import Target, as_text

from verifier.backends import azure_pages, gcs_pages, s3_pages
from verifier.backends.sftp_host_keys import trust_of
from verifier.backends.sftp_wire import Attributes, Fields, PacketError
from verifier.errors import HostKeyError, UsageError

_S3 = (
    b'<?xml version="1.0" encoding="UTF-8"?>\n<ListBucketResult xmlns="http://s3.amazonaws.com/doc/2006-03-01/"><Name>b</Name>'
    b"<KeyCount>2</KeyCount><IsTruncated>true</IsTruncated><NextContinuationToken>x=</NextContinuationToken>"
    b"<EncodingType>url</EncodingType><Contents><Key>r/a%2Bb</Key><LastModified>2026-11-01T01:02:03.500Z</LastModified>"
    b"<ETag>&quot;9dd4&quot;</ETag><Size>12</Size><StorageClass>STANDARD</StorageClass></Contents><Contents><Key>r/c</Key>"
    b"<LastModified>2026-11-01T01:02:03.000Z</LastModified><ETag>&quot;9dd5&quot;</ETag><Size>0</Size></Contents>"
    b"</ListBucketResult>"
)
_AZURE = (
    b'\xef\xbb\xbf<?xml version="1.0" encoding="utf-8"?><EnumerationResults><Prefix>r/</Prefix>'
    b"<Blobs><Blob><Name>r/a</Name><Properties>"
    b"<Last-Modified>Sun, 22 Nov 2026 02:32:59 GMT</Last-Modified><Etag>0x8D1</Etag>"
    b"<Content-Length>7</Content-Length><Content-MD5>AAAAAAAAAAAAAAAAAAAAAA==</Content-MD5></Properties>"
    b"<Metadata><hdi_isfolder>true</hdi_isfolder></Metadata></Blob></Blobs>"
    b"<NextMarker>2!x </NextMarker></EnumerationResults>"
)
_GCS = (
    b'{"kind":"storage#objects","nextPageToken":"abc=","items":[{"name":"r/a b+c","size":"12","generation":"17953",'
    b'"timeCreated":"2026-11-01T01:02:03.5Z"},{"name":"r/b","size":"0","generation":"1",'
    b'"timeCreated":"2026-11-01T01:02:03Z"}]}'
)
_KEY = b"ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIAABAgMEBQYHCAkKCwwNDg8QERITFBUWFxgZGhscHR4f"
_KNOWN_HOSTS = (
    b"# hosts\nhost,other.example "
    + _KEY
    + b" me@here\n@revoked * "
    + _KEY
    + b"\n@cert-authority *.example "
    + _KEY
    + b"\n|1|F1E1KeoE/eEWhi10WpGv4OdiO6Y=|3988QV0VE8wmZL7suNrYQLITLCg= "
    + _KEY
    + b"\n!host,h?st "
    + _KEY
    + b"\n"
)
_PACKET = (
    bytes.fromhex("0000000161") + b"\0\0\0\x0f" + (1 << 33).to_bytes(8, "big") + bytes(8) + b"\0\0\x81\xa4" + bytes(8)
)


def _packet(data: bytes) -> list[tuple[bytes, Attributes, object]]:
    fields, found = Fields(data), []
    while fields.has_more:
        name, of_file = fields.text(), fields.attributes()
        found.append((name, of_file, (of_file.modified_at, of_file.stored_size, of_file.is_link, of_file.is_folder)))
    return found


def _known_hosts(data: bytes) -> object:
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder, "known_hosts")
        path.write_bytes(data)
        return trust_of("host", 22, str(path), None).order(["ssh-rsa", "ssh-ed25519"])


def store_targets() -> Iterator[Target]:
    """Yield the targets."""
    for name, parse, error, seed in (
        ("S3", s3_pages.parse_page, s3_pages.BadPageError, _S3),
        ("Azure", azure_pages.parse_page, azure_pages.BadPageError, _AZURE),
        ("Google", gcs_pages.parse_page, gcs_pages.BadPageError, _GCS),
    ):
        yield Target(
            name=f"{name} listing page",
            parse=lambda data, parse=parse: parse(data, "r/", "r/"),
            inputs=mutated([seed], [b"<Contents>", b"</Key>", b"<Blob>", b'"items":[', b'xml:lang="x"', b"&#x0;"]),
            may_raise=(error,),
        )
    yield Target(name="SFTP packet", parse=_packet, inputs=mutated([_PACKET, _PACKET * 3]), may_raise=(PacketError,))
    yield Target(
        name="known_hosts",
        parse=_known_hosts,
        inputs=mutated([_KNOWN_HOSTS], [b"|1|", b"@revoked ", b"!", b"[host]:22", b"*" * 30]),
        may_raise=(HostKeyError,),
    )
    yield Target(
        name="pinned host key",
        parse=lambda data: trust_of("host", 22, None, as_text(data)),
        inputs=mutated([_KEY, b"SHA256:" + b"A" * 43]),
        may_raise=(UsageError,),
    )
