"""What is said, in three languages. The texts are data; `letter` picks and fills them."""
