// One number stands for everything that decides what a wheel installs, so that a cache never mistakes old layers for new ones.

/** Raised whenever the same wheel would install other bytes: part of every input key. */
export const INSTALL_FORMAT = 5;
