"""Fast implementations of the folded layers; ``plain`` in the parent folder works without them.

:class:`~biggan_directions.generators.folded.kernels.switch.Kernels` turns each of them on and off. The
gain of a kernel is the time without it divided by the time with it, minus 1, for the forward pass and for a
gradient, at full size on two cores. ``python -m benchmarks.kernels`` measures them in turn and writes
``benchmarks/results/kernels_cpu.json``, which has these medians.

=========  ======================================================  =====================  ====================
kernel     what it does                                            forward, batch 1:      gradient, batch 1:
                                                                   128, 256, 512 pixels   128, 256, 512 pixels
=========  ======================================================  =====================  ====================
by_hand    layers overwrite their own memory and have derivatives  44 %, 26 %, 57 %       44 %, 49 %, 68 %
           written by hand; the others need it
bands      tensors larger than a cache are computed in bands       2 %, 6 %, 16 %         0 %, 8 %, 30 %
           (batch 4 at 256 pixels: 37 %)
packed     convolutions keep their weights in oneDNN's layout      21 %, 11 %, 7 %        18 %, 6 %, 11 %
=========  ======================================================  =====================  ====================

Winograd convolutions were removed: they made every size slower, by 1 to 12 %.
"""
