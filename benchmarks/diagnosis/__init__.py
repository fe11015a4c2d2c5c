"""Does the first cause name what was broken? Generated incidents with known faults, judged, then compared.

``python -m benchmarks.diagnosis`` prints the scores and the confusion table. ``plan`` says which incidents,
``incidents`` builds and judges them, ``score`` compares with the ground truth and adds up.
"""
