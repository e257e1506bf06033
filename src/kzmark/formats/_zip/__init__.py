"""ZIP packages: read with suspicion, written by copying (APPNOTE 6.3.10; ISO 21320-1).

| module    | what                                                             |
|-----------|------------------------------------------------------------------|
| `records` | the headers of a package, as bytes                               |
| `member`  | one file of a package                                            |
| `deflate` | members packed and unpacked                                      |
| `local`   | a member's own header, held against the directory                |
| `package` | a package taken apart; anything two readers could see differently is refused |
| `edits`   | a few members changed, all others copied byte for byte           |
| `c2pa`    | the place of a manifest store, and what it is bound to (C2PA 2.4, A.6) |
"""
