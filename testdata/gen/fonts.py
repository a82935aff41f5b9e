"""Which fonts the digit pictures are drawn from, and how they are split.

Training and test pictures use different Debian packages, so no family (and,
as far as we know, no re-issue of a family under another name: Nimbus Sans /
Liberation Sans / FreeSans / TeX Gyre Heros, Lato / Carlito, Vera / DejaVu /
Verana / Hack, Roboto / Roboto Slab) is on both sides.

Install them all with

    apt-get install -y --no-install-recommends $(python3 fonts.py packages)

and see which faces are really used with

    python3 fonts.py list
"""

import os
import subprocess
import sys

from PIL import ImageFont

TRAIN_PACKAGES = """
fonts-adf-accanthis fonts-adf-baskervald fonts-adf-gillius fonts-adf-ikarius
fonts-adf-irianis fonts-adf-mekanus fonts-adf-romande fonts-adf-switzera
fonts-adf-tribun fonts-adf-universalis fonts-adf-verana fonts-agave
fonts-anonymous-pro fonts-averia-sans-gwf fonts-averia-serif-gwf fonts-b612
fonts-beteckna fonts-breip fonts-bwht fonts-cardo fonts-century-catalogue
fonts-cmu fonts-comfortaa fonts-compagnon fonts-courier-prime
fonts-crosextra-caladea fonts-crosextra-carlito fonts-dancingscript
fonts-dejavu-core fonts-dejavu-extra fonts-dkg-handwriting fonts-dustin
fonts-ecolier-court fonts-eurofurence fonts-fantasque-sans fonts-fanwood
fonts-freefont-ttf fonts-gfs-artemisia fonts-gfs-bodoni-classic
fonts-gfs-didot fonts-gfs-neohellenic fonts-gnutypewriter fonts-go
fonts-goudybookletter fonts-hack fonts-hermit fonts-inconsolata
fonts-jetbrains-mono fonts-junction fonts-junicode fonts-jura fonts-karla
fonts-klee fonts-kristi fonts-lato fonts-league-mono fonts-league-spartan
fonts-leckerli-one fonts-levien-museum fonts-liberation fonts-lindenhill
fonts-lobster fonts-lobstertwo fonts-ocr-a fonts-oldstandard fonts-open-sans
fonts-opendyslexic fonts-osifont fonts-play fonts-prociono fonts-quicksand
fonts-radisnoir fonts-reggae fonts-rocknroll fonts-routed-gothic
fonts-sil-andika fonts-sil-gentium-basic fonts-sjfonts fonts-sora
fonts-staypuft fonts-stick fonts-summersby fonts-texgyre
fonts-tlwg-purisa-ttf fonts-urw-base35 fonts-yanone-kaffeesatz
""".split()

TEST_PACKAGES = """
fonts-adf-berenis fonts-adf-libris fonts-adf-oldania fonts-allerta
fonts-arapey fonts-cabin fonts-cantarell fonts-clear-sans fonts-comic-neue
fonts-dosis fonts-ebgaramond fonts-essays1743 fonts-havana fonts-humor-sans
fonts-inter fonts-kaushanscript fonts-linuxlibertine fonts-manrope
fonts-ocr-b fonts-oxygen fonts-quattrocento fonts-roboto-slab
fonts-roboto-unhinted fonts-rufscript fonts-sil-charis fonts-tomsontalks
fonts-tuffy fonts-vollkorn fonts-yusei-magic
""".split()

# Families whose digits are no plain digits (keys, outlines, dots, pixels), or
# that only repeat another family of the same package.
SKIP_FAMILIES = {
    "Linux Biolinum Keyboard O", "Linux Libertine Initials O",
    "Standard Symbols PS", "Wargames", "It wasn't me",
}
SKIP_STYLES = {"Inverted", "Inverted Sharp", "Outline"}

GLYPH_PX = 100  # pixel size at which glyphs are rendered


def _has_digits(font):
    """True if the ten digits exist, differ from each other and from .notdef."""
    def pic(ch):
        m = font.getmask(ch)
        return m.size, bytes(m)
    pics = [pic(c) for c in "0123456789"]
    return (len(set(pics)) == 10 and pic("\ufffe") not in pics
            and all(any(p[1]) for p in pics))


def faces(packages):
    """{(package, family): [(style, path), ...]}, in a fixed order."""
    out = {}
    for pkg in sorted(packages):
        r = subprocess.run(["dpkg", "-L", pkg], capture_output=True, text=True)
        if r.returncode:
            sys.exit("package %s is not installed; see the head of fonts.py" % pkg)
        found = {}
        for path in sorted({os.path.realpath(p) for p in r.stdout.split("\n")
                            if p.lower().endswith((".ttf", ".otf"))}):
            try:
                font = ImageFont.truetype(path, GLYPH_PX)
                name = font.getname()
                if (None in name or name in found or name[0] in SKIP_FAMILIES
                        or name[1] in SKIP_STYLES):
                    continue
                if _has_digits(font):
                    found[name] = path
            except OSError:
                pass  # not a font FreeType can read
        for (family, style), path in sorted(found.items()):
            out.setdefault((pkg, family), []).append((style, path))
    return out


def listing(title, fams):
    """One line of text for every family, its package and its styles."""
    n = sum(len(v) for v in fams.values())
    lines = ["# %s: %d packages, %d families, %d faces"
             % (title, len({k[0] for k in fams}), len(fams), n)]
    for (pkg, family), v in fams.items():
        lines.append("%s: %s (%s)" % (pkg, family, ", ".join(s for s, _ in v)))
    return "\n".join(lines) + "\n"


if __name__ == "__main__":
    if sys.argv[1:] == ["packages"]:
        print(" ".join(sorted(TRAIN_PACKAGES + TEST_PACKAGES)))
    elif sys.argv[1:] == ["list"]:
        print(listing("training fonts", faces(TRAIN_PACKAGES)))
        print(listing("test fonts", faces(TEST_PACKAGES)))
    else:
        sys.exit(__doc__)
