"""The bundle's own Ed25519 says what RFC 8032 and `cryptography` say, and refuses what only looks like a signature."""

from __future__ import annotations

import pytest
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey
from hypothesis import given, settings
from hypothesis import strategies as st
from support.bundles import SIGNER

from catalog.evidence import verify

# RFC 8032, section 7.1: public key, message, signature.
VECTORS = {
    "test 1": (
        "d75a980182b10ab7d54bfed3c964073a0ee172f3daa62325af021a68f707511a",
        "",
        (
            "e5564300c360ac729086e2cc806e828a84877f1eb8e5d974d873e065224901555fb8821590a33bacc61e39701cf9b46bd25bf5f0595bbe2465"
            "5141438e7a100b"
        ),
    ),
    "test 2": (
        "3d4017c3e843895a92b70aa74d1b7ebc9c982ccf2ec4968cc0cd55f12af4660c",
        "72",
        (
            "92a009a9f0d4cab8720e820b5f642540a2b27b5416503f8fb3762223ebdb69da085ac1e43e15996e458f3613d0f11d8c387b2eaeb4302aeeb0"
            "0d291612bb0c00"
        ),
    ),
    "test 3": (
        "fc51cd8e6218a1a38da47ed00230f0580816ed13ba3303ac5deb911548908025",
        "af82",
        (
            "6291d657deec24024827e69c3abe01a30ce548a284743a445e3680d7db5ac3ac18ff9b538d16f290ae67f760984dc6594a7c15e9716ed28dc0"
            "27beceea1ec40a"
        ),
    ),
    "test SHA(abc)": (
        "ec172b93ad5e563bf4932c70e1245034c35467ef2efd4d64ebf819683467e2bf",
        (
            "ddaf35a193617abacc417349ae20413112e6fa4e89a97ea20a9eeee64b55d39a2192992a274fc1a836ba3c23a3feebbd454d4423643ce80e2a"
            "9ac94fa54ca49f"
        ),
        (
            "dc2a4459e7369633a52b1bf277839a00201009a3efbf3ecb69bea2186c26b58909351fc9ac90b3ecfdfbc7c66431e0303dca179c138ac17ad9"
            "bef1177331a704"
        ),
    ),
}
SMALL = [
    "0100000000000000000000000000000000000000000000000000000000000000",
    "ecffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f",
    "0000000000000000000000000000000000000000000000000000000000000000",
    "0000000000000000000000000000000000000000000000000000000000000080",
    "26e8958fc2b227b045c3f489f2ef98f0d5dfac05d3c63339b13802886d53fc05",
    "26e8958fc2b227b045c3f489f2ef98f0d5dfac05d3c63339b13802886d53fc85",
    "c7176a703d4dd84fba3c0b760d10670f2a2053fa2c39ccc64ec7fd7792ac037a",
    "c7176a703d4dd84fba3c0b760d10670f2a2053fa2c39ccc64ec7fd7792ac03fa",
]
"""All points of small order."""


@pytest.mark.parametrize("name", list(VECTORS))
def test_vectors_of_the_rfc_are_accepted_and_nothing_near_them(name: str) -> None:
    key, message, signature = map(bytes.fromhex, VECTORS[name])
    assert verify.is_signed(key, message, signature)
    assert not verify.is_signed(key, message + b"x", signature)
    assert not verify.is_signed(key, message, signature[:-1] + bytes([signature[-1] ^ 1]))
    assert not verify.is_signed(key, message, signature[:-1])
    assert not verify.is_signed(key[:-1], message, signature)


def _accepts(key: bytes, message: bytes, signature: bytes) -> bool:
    try:
        Ed25519PublicKey.from_public_bytes(key).verify(signature, message)
    except (InvalidSignature, ValueError):
        return False
    return True


@settings(max_examples=25)
@given(st.binary(min_size=32, max_size=32), st.binary(max_size=200), st.integers(0, 511))
def test_random_signatures_are_judged_as_by_cryptography(seed: bytes, message: bytes, bit: int) -> None:
    key = Ed25519PrivateKey.from_private_bytes(seed)
    public, signature = key.public_key().public_bytes_raw(), key.sign(message)
    changed = bytearray(signature)
    changed[bit // 8] ^= 1 << bit % 8
    for one in (signature, bytes(changed)):
        assert verify.is_signed(public, message, one) is _accepts(public, message, one)
    assert verify.is_signed(public, message, signature)
    assert not verify.is_signed(public, message, bytes(changed))


def test_the_same_signature_with_a_larger_number_is_none() -> None:
    key, message, signature = map(bytes.fromhex, VECTORS["test 3"])
    larger = int.from_bytes(signature[32:], "little") + verify.ORDER
    assert not verify.is_signed(key, message, signature[:32] + larger.to_bytes(32, "little"))


@pytest.mark.parametrize("point", SMALL)
def test_keys_and_commitments_of_small_order_sign_nothing(point: str) -> None:
    weak = bytes.fromhex(point)
    assert verify.point_of(weak) is not None or weak[31] & 0x80
    # Such a key accepts this "signature" of about every eighth message where nobody looks: R is itself, S is 0.
    for message in (bytes([n]) for n in range(16)):
        assert not verify.is_signed(weak, message, weak + bytes(32))
    assert not verify.is_signed(SIGNER.verifier.key, b"", weak + bytes(32))


@pytest.mark.parametrize("y", [verify.P, verify.P + 1, 2**255 - 1])
@pytest.mark.parametrize("sign", [0, 1])
def test_points_in_another_form_than_their_only_one_are_none(y: int, sign: int) -> None:
    assert verify.point_of((y | sign << 255).to_bytes(32, "little")) is None


def test_zero_with_a_sign_is_no_point() -> None:
    assert verify.point_of((1 | 1 << 255).to_bytes(32, "little")) is None
    assert verify.point_of((1).to_bytes(32, "little")) == (0, 1, 1, 0)


def test_keys_are_read_as_notes_have_them() -> None:
    assert verify.key_of(SIGNER.verifier.text) == (f"backup-ops+{SIGNER.key_id.hex()}", SIGNER.verifier.key)
    for wrong in ("", "a+b", SIGNER.verifier.text.replace("ops", "opz"), SIGNER.verifier.text[:-4] + "AAAA"):
        with pytest.raises((ValueError, verify.Mismatch)):
            verify.key_of(wrong)
