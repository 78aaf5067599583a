// One number stands for everything that decides the bytes of a layer, so that a cache never mistakes old layers for new ones.

/**
 * Version of the layer format: order of entries, tar headers, block sizes, the pinned compressor and its settings.
 * Raise it whenever equal entries would give other bytes; it is part of every layer's input key.
 */
export const LAYER_FORMAT = 1;
