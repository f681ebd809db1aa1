"""Pictures to measure on, drawn or composed by a seed: nothing is downloaded, and all are alike
on every machine with the same Pillow.

documents.py: pages of one layout with other contents, and how pages are copied.
art.py: icons, flags, logos on transparency, flat pictures.
compositions.py: photos within collages, screens, pages and other photos, and where they lie there.
series.py: other shots of a scene: from another place, at another moment.
"""
