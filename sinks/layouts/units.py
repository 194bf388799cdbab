"""Units of energy that differ by a power of ten: the only conversions that are exact for every value.

Units are compared verbatim: ``kwh`` is not ``kWh``.
"""

FAMILIES: tuple[dict[str, int], ...] = (
    {"Wh": 0, "kWh": 3, "MWh": 6, "GWh": 9},
    {"J": 0, "kJ": 3, "MJ": 6, "GJ": 9, "TJ": 12},
)
"""Of each family the units and their powers of ten. 1 kWh = 3.6 MJ: between the families nothing is exact."""


def shifts(wanted: str) -> dict[str, int]:
    """Which units can be shown in the wanted one, and by what power of ten their numbers are multiplied."""
    for family in FAMILIES:
        if wanted in family:
            return {unit: power - family[wanted] for unit, power in family.items()}
    return {wanted: 0}
