package org.memarium.kernel;

/** Which Linux a 32-bit program finds around it. */
public enum Layout {
  /** A 32-bit kernel: user space below 3 GiB, the kernel above. */
  I386,

  /** A 64-bit kernel that runs a 32-bit program: user space up to nearly 4 GiB. */
  COMPAT
}
