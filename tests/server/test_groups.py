"""Grouping pairs by the definition: together is what pairs lead to from one another."""

from datetime import UTC, datetime, timedelta

from hypothesis import given
from hypothesis import strategies as st

from visualsnoop.server.pairs import grouped
from visualsnoop.server.store import StoredImage

START = datetime(2015, 1, 29, tzinfo=UTC)
IMAGES = [StoredImage(f"{n}", START + timedelta(seconds=n), 100) for n in range(12)]

pairs = st.lists(
    st.tuples(
        st.sampled_from(IMAGES), st.sampled_from(IMAGES), st.floats(0.5, 1, allow_nan=False)
    ).filter(lambda pair: pair[0] != pair[1])
)


@given(pairs)
def test_groups_are_what_pairs_connect(
    pairs: list[tuple[StoredImage, StoredImage, float]],
) -> None:
    groups = grouped(pairs)
    place = {image: number for number, group in enumerate(groups) for image in group.images}
    assert set(place) == {image for one, other, _ in pairs for image in (one, other)}
    assert sum(len(group.images) for group in groups) == len(place)
    for one, other, _ in pairs:
        assert place[one] == place[other]
    for number, group in enumerate(groups):
        within = [pair for pair in pairs if place[pair[0]] == number]
        reached = {group.images[0]}
        for _ in group.images:
            for one, other, _ in within:
                if one in reached or other in reached:
                    reached |= {one, other}
        assert reached == set(group.images)
        assert group.score == max(score for _, _, score in within)


@given(pairs)
def test_groups_are_sorted_and_oldest_images_first(
    pairs: list[tuple[StoredImage, StoredImage, float]],
) -> None:
    groups = grouped(pairs)
    assert [group.score for group in groups] == sorted((g.score for g in groups), reverse=True)
    for group in groups:
        assert list(group.images) == sorted(group.images, key=lambda image: image.image_time)
