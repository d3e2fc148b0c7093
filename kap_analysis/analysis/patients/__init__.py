"""Who was treated, who was lost, and were the formats alike at the start?"""
