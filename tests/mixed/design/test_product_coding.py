"""Design columns of sums of products."""

import numpy as np
import pandas as pd

from kap_analysis.mixed.design.coding import make_coding
from kap_analysis.mixed.design.columns import Rows
from kap_analysis.mixed.design.product_coding import ProductCoding
from tests.mixed.design.parts import part_of


def test_nullable_numbers_are_numbers(frame):
    nullable = frame.assign(whole=frame["whole"].astype("Int64"), flag=frame["flag"].astype("boolean"))
    matrix = make_coding(part_of("whole*flag"), Rows.of(nullable))[1]
    np.testing.assert_array_equal(matrix, make_coding(part_of("whole*flag"), Rows.of(frame))[1])


def test_products_run_through_the_levels_of_the_first_factor_first():
    coding = ProductCoding((("a", "x", "b"),), {"a": (1, 2, 3), "b": ("u", "v")})
    assert coding.names == ("a[T.2]:x:b[T.v]", "a[T.3]:x:b[T.v]")
    rows = coding.rows(pd.DataFrame({"a": [1, 2, 3, 3], "x": [5.0, 6, 7, 8], "b": ["v", "v", "u", "v"]}))
    assert rows.tolist() == [[0, 0], [6, 0], [0, 0], [0, 8]]
