"""A plausible quarter of a town out of a seed number: synthetic, marked as such, played through the public inbox."""
