"""Fast ways to compute the folded layers; ``plain`` in the folder above is complete without them.

:class:`~biggan_directions.generators.biggan_deep.kernels.switch.Kernels` turns each of them on and off. What
one is worth is the time without it over the time with it, less 1, of the forward pass and of a gradient, at
full size on two cores: ``python -m benchmarks.kernels`` measures them in turn and writes
``benchmarks/results/kernels_cpu.json``, from which these medians are.

=========  ======================================================  =====================  ====================
kernel     what it does                                            forward, batch 1:      gradient, batch 1:
                                                                   128, 256, 512 pixels   128, 256, 512 pixels
=========  ======================================================  =====================  ====================
by_hand    layers overwrite their own memory and have derivatives  44 %, 26 %, 57 %       44 %, 49 %, 68 %
           written by hand; all others are parts of it
bands      tensors that outgrow a cache are computed in bands      2 %, 6 %, 16 %         0 %, 8 %, 30 %
           (batch 4 at 256 pixels: 37 %)
packed     convolutions keep their weights as oneDNN lays them     21 %, 11 %, 7 %        18 %, 6 %, 11 %
           out
=========  ======================================================  =====================  ====================

Winograd's products for the 3×3 convolutions of many channels were here, too. They made every size slower, by
1 to 12 %, and are gone.
"""
