"""Who looked (查阅记录): every reading of sealed data, in a transparency log of its own."""
