package org.memarium.kernel.vfs;

/**
 * A device number as user space has it, in 64 bits ({@code include/linux/kdev_t.h}, {@code
 * huge_encode_dev} is the same as glibc's {@code makedev}).
 *
 * <pre>
 *   63        44 43        32 31        20 19         8 7         0
 *  +------------+------------+------------+------------+-----------+
 *  | major high | (0)        | minor high | major low  | minor low |
 *  +------------+------------+------------+------------+-----------+
 *    majors from 4096 on       12 bits      12 bits      8 bits
 * </pre>
 */
public final class DeviceNumber {

  private DeviceNumber() {}

  /** Packs a major and a minor number. */
  public static long of(int major, int minor) {
    return (minor & 0xffL)
        | (major & 0xfffL) << 8
        | (minor & 0xfff00L) << 12
        | (major & 0xfffff000L) << 32;
  }

  /** The major number. */
  public static int major(long dev) {
    return (int) (((dev >>> 8) & 0xfff) | ((dev >>> 32) & 0xfffff000L));
  }

  /** The minor number. */
  public static int minor(long dev) {
    return (int) ((dev & 0xff) | ((dev >>> 12) & 0xfff00));
  }
}
