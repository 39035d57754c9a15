"""The transparency log: a Merkle tree (RFC 6962) over the stored records."""
