"""placeholder"""


def growth_index(outcomes, visit):
    return None, None
