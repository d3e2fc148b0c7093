"""Does the difference hold under other models, other data and other weights?"""
