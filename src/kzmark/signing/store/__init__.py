"""A C2PA manifest store of our own: writer, reader, validator (C2PA 2.4).

| module       | what                                                              |
|--------------|-------------------------------------------------------------------|
| `jumbf`      | boxes (ISO 19566-5)                                               |
| `cbor`       | values (RFC 8949), strict when reading                            |
| `cose`       | COSE_Sign1 (RFC 9052)                                             |
| `binding`    | what ties a store to its file: `c2pa.hash.data`                   |
| `boxes`      | the same for files of boxes: `c2pa.hash.bmff.v3`                  |
| `ties`       | which of them a format takes                                      |
| `draft`      | a manifest in the making: its size is known before the file's hash |
| `stretch`    | a closed store made longer, where its bytes differ in size        |
| `heritage`   | what is kept of the manifests of the parent                       |
| `parts`      | a store taken apart                                               |
| `tokens`     | time stamps (RFC 3161), taken apart                               |
| `timestamp`  | what the time stamp of a signature is worth                       |
| `credential` | who signed: the certificates of a signature, judged               |
| `validate`   | whether a store fits its file, in the specification's codes       |
| `shape`      | whether a store is one that kzmark itself would have written      |

A store is written in two steps, so that every byte of the file is hashed once: a `Draft` tells the
size, the carrier of the format says where that many bytes go, the rest is hashed, and the draft is
closed with the `Binding` that names the place and the hash.
"""
