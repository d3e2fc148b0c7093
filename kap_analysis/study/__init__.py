"""What a study is: the tables' contract, reading, checking, visits, outcome frames."""
