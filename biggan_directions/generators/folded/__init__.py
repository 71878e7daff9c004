"""What both families of BigGAN share once they are folded: layers, their fast kernels, and the generator.

A folded network draws fixed classes. All that depends on the class alone is constant, so each layer is a
function of an image-like tensor and of numbers that are affine in z.
"""
