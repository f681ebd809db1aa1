"""What is written in the drawn documents: words, names, dates and amounts, by a seed."""

import random
from functools import cache
from pathlib import Path

import matplotlib
from PIL import ImageFont

FONTS = ("DejaVuSans", "DejaVuSerif", "DejaVuSans-Bold", "DejaVuSerif-Bold", "DejaVuSansMono")


def _listed(text: str) -> list[str]:
    return text.split()


_WORDS = _listed("""
a about above across again air all along also although always among and another any are around as
at autumn be because been before begin behind being below between bird board boat book both bridge
bring but by call came can carry chance change city clear close cloud coast cold come contract copy
could council country course cut day deep delivery did different do does door down draw during each
early earth east easy eight enough even evening every example eye fall family far farm few field
figure fire first five fly follow for form forward found four from full garden gave general give go
gold good great green ground grow had half hand happen hard harbour has have he head hear heat help
her here high hill him his hold home hope hour house how however hundred idea if important in inch
interest is island it its just keep kind king know land language large last late laugh lead learn
leave left less let letter life light like line list little live long look low machine made main
make man many map mark market may mean measure meeting men method might mile mind minute miss money
month moon more morning most mother mountain move much music must name near need never new next
night no north not note nothing notice now number object of off office often old on once one only
open or order other our out over own page paper part pass path pattern people perhaps person piece
place plain plan plant play point port possible power present press problem produce product public
pull put question quick rain ran reach read ready real reason receive record red report rest result
river road rock room round rule run said same sand saw say school science sea season second see
seem sentence serve set several shape she ship short should show side simple since six size sleep
slow small snow so some song soon sound south space spring stand star start state station stay step
still stone stood stop story street strong study such summer sun sure surface system table take
talk teach tell ten than that the their them then there these they thing think this those though
thought three through time to together too took top toward town travel tree true try turn two under
unit until up us use usual value very view village voice vowel walk wall want war warm was watch
water way we week weight well were west what wheel when where which while white who whole why will
wind window winter with without wood word work world would write year yellow yesterday yet you
young your
""")
_FIRST_NAMES = _listed("""
Ada Amir Anna Ben Boris Carla Chen Clara David Diego Elena Emil Eva Farid Fiona Grace Hana Hugo Ida
Ivan Jana Jonas Julia Karim Lara Leo Lin Lucia Maria Marta Max Mei Mila Nadia Nils Nora Olga Omar
Otto Paula Pedro Petra Priya Ravi Rosa Sami Sara Sofia Theo Tomas Vera Viktor Yara Yusuf Zoe
""")
_LAST_NAMES = _listed("""
Abel Ahmed Bauer Becker Berg Braun Brown Castro Cohen Costa Cruz Dahl Diaz Dubois Fischer Fuchs
Garcia Gomez Gruber Haas Hansen Hill Horvat Huber Ito Jensen Kaya Keller Khan Klein Kovacs Kumar
Lang Larsen Lopez Mayer Meier Moreau Moser Nagy Novak Okafor Olsen Patel Perez Popov Reyes Rossi
Sato Schmidt Silva Smith Sommer Tanaka Urban Vogel Wagner Weber Winter Wolf Wong Young Zhang
""")
_THINGS = _listed("""
adapter battery belt bolt bottle bracket brush bulb cabinet cable camera candle chair charger clamp
clock cord cup curtain desk drill fan filter frame fuse glove hammer handle hinge hook hose kettle
keyboard knife ladder lamp lens lever lock magnet mirror motor mouse nail needle paint panel pedal
pen pipe plate plug pump rack relay ring rope ruler saw scale screen screw sensor shelf shovel sink
spoon spring switch tap tape tile timer tool tray tube valve vase washer wheel wire wrench zip
""")


@cache
def font(name: str, size: int) -> ImageFont.FreeTypeFont:
    """A font that comes with matplotlib, which is among the packages for development."""
    return ImageFont.truetype(Path(matplotlib.get_data_path(), "fonts", "ttf", f"{name}.ttf"), size)


def words(dice: random.Random, count: int) -> str:
    return " ".join(dice.choices(_WORDS, k=count))


def sentence(dice: random.Random) -> str:
    return words(dice, dice.randrange(6, 16)).capitalize() + "."


def paragraph(dice: random.Random, sentences: int) -> str:
    return " ".join(sentence(dice) for _ in range(sentences))


def person(dice: random.Random) -> str:
    return f"{dice.choice(_FIRST_NAMES)} {dice.choice(_LAST_NAMES)}"


def thing(dice: random.Random) -> str:
    return f"{dice.choice(_WORDS).capitalize()} {dice.choice(_THINGS)}"


def street(dice: random.Random) -> str:
    return f"{dice.choice(_WORDS).capitalize()} Street {dice.randrange(1, 200)}"


def town(dice: random.Random) -> str:
    return (
        f"{dice.randrange(1000, 99999)} {dice.choice(_LAST_NAMES)}{dice.choice(('ville', 'berg'))}"
    )


def date(dice: random.Random) -> str:
    return f"{dice.randrange(1, 29):02}.{dice.randrange(1, 13):02}.{dice.randrange(1960, 2026)}"


def digits(dice: random.Random, count: int) -> str:
    return "".join(dice.choices("0123456789", k=count))


def amount(dice: random.Random, most: float = 2000) -> str:
    return f"{dice.random() * most:,.2f}"


def fitting(text: str, width: float, using: ImageFont.FreeTypeFont) -> list[str]:
    """A text in lines that are no wider than so many pixels."""
    lines = [""]
    for word in text.split():
        longer = f"{lines[-1]} {word}".strip()
        if using.getlength(longer) <= width or not lines[-1]:
            lines[-1] = longer
        else:
            lines.append(word)
    return lines
