"""Contrastive learning of an encoder from tiles that nobody annotated: AdCo, MoCo-v2, SimCLR."""
