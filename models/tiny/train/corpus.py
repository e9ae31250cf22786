"""The corpus: prose of the documentation that ships with the Rust toolchain.

Reads the HTML of the `rust-docs` component and keeps paragraphs and list items. Code blocks, navigation, headings,
tables, translations and repeated paragraphs are dropped. The same toolchain gives the same corpus.

    python corpus.py --out corpus.jsonl      # one {"page": ..., "text": ...} a line
"""

import argparse
import hashlib
import json
import subprocess
from html.parser import HTMLParser
from pathlib import Path

# All MIT OR Apache-2.0. The Embedded Rust Book, in the same component, is left out: its prose is CC-BY-SA.
BOOKS = [
    "book", "reference", "nomicon", "rust-by-example", "edition-guide", "cargo", "rustc", "rustdoc", "clippy",
    "style-guide", "unstable-book", "error_codes",
]
# The library's own documentation: prose of items, found in "docblock" elements.
LIBRARY = ["std", "alloc", "core", "proc_macro", "test"]

VOID = {"area", "base", "br", "col", "hr", "img", "input", "link", "meta", "source", "track", "wbr"}
SKIP = {"pre", "script", "style", "nav", "svg", "table", "button", "h1", "h2", "h3", "h4", "h5", "h6", "sup", "footer"}


class Prose(HTMLParser):
    """Collects the text of <p> and <li> inside `main` (books) or a docblock (library)."""

    def __init__(self, library: bool):
        super().__init__(convert_charrefs=True)
        self.library = library
        self.stack: list[str] = []
        self.inside = 0  # depth of the stack at which the content began, 0 outside
        self.skipping = 0
        self.text: list[str] = []
        self.paragraphs: list[str] = []

    def flush(self):
        text = " ".join("".join(self.text).split())
        self.text = []
        if text:
            self.paragraphs.append(text)

    def handle_starttag(self, tag, attrs):
        if tag in VOID:
            return
        classes = dict(attrs).get("class") or ""
        self.stack.append(tag)
        depth = len(self.stack)
        begins = "docblock" in classes.split() if self.library else tag == "main"
        if begins and not self.inside:
            self.inside = depth
        if self.inside and not self.skipping and (tag in SKIP or "nav" in classes.split()):
            self.skipping = depth
        if self.inside and not self.skipping:
            if tag in ("p", "li", "ul", "ol", "dd", "dt", "div", "section"):
                self.flush()
            if tag == "code":
                self.text.append("`")

    def handle_endtag(self, tag):
        if tag in VOID or tag not in self.stack:
            return
        while self.stack:
            depth, closed = len(self.stack), self.stack.pop()
            if self.inside and not self.skipping:
                if closed == "code":
                    self.text.append("`")
                if closed in ("p", "li", "dd", "dt", "div", "section"):
                    self.flush()
            if depth == self.skipping:
                self.skipping = 0
            if depth == self.inside:
                self.flush()
                self.inside = 0
            if closed == tag:
                return

    def handle_data(self, data):
        if self.inside and not self.skipping:
            self.text.append(data)


def is_prose(text: str) -> bool:
    """A sentence or more of English, not a link list, a signature or a translation."""
    words = text.split()
    letters = sum(c.isascii() and (c.isalpha() or c == " ") for c in text)
    return len(words) >= 6 and text[-1] in ".:!?)" and letters / len(text) > 0.80


def pages(html: Path):
    seen = set()
    for book in BOOKS + LIBRARY:
        for path in sorted((html / book).rglob("*.html")):
            name = path.relative_to(html).as_posix()
            # print.html repeats its book; arch folders repeat their intrinsics hundreds of times
            if path.name in ("print.html", "all.html", "toc.html") or "/arch/" in name or "arch_" in name:
                continue
            if book == "rust-by-example" and path.relative_to(html / book).parts[0] in ("es", "ja", "ko", "zh"):
                continue
            parser = Prose(library=book in LIBRARY)
            parser.feed(path.read_text(encoding="utf-8"))
            kept = []
            for text in parser.paragraphs:
                text = text.translate(str.maketrans("’‘“”–—\u00a0…", "''\"\"-- .")).replace("Read more", "").strip()
                if not text or not is_prose(text):
                    continue
                # digits folded, so that the docs of u8, u16, ... count once
                key = hashlib.sha256("".join(c for c in text.lower() if c.isalpha()).encode()).digest()
                if key not in seen:
                    seen.add(key)
                    kept.append(text)
            if kept:
                yield name, "\n".join(kept)


def html_root() -> Path:
    sysroot = subprocess.run(["rustc", "--print", "sysroot"], check=True, capture_output=True, text=True).stdout.strip()
    root = Path(sysroot) / "share/doc/rust/html"
    if not root.is_dir():
        raise SystemExit("no documentation here: run `rustup component add rust-docs` first")
    return root


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--out", type=Path, required=True)
    parser.add_argument("--html", type=Path, help="the documentation folder (default: the active toolchain's)")
    args = parser.parse_args()
    count = size = 0
    digest = hashlib.sha256()
    with args.out.open("w", encoding="utf-8") as out:
        for name, text in pages(args.html or html_root()):
            line = json.dumps({"page": name, "text": text}, ensure_ascii=False) + "\n"
            out.write(line)
            digest.update(line.encode())
            count, size = count + 1, size + len(text)
    print(f"{count} pages, {size} characters, sha256 {digest.hexdigest()}")


if __name__ == "__main__":
    main()
