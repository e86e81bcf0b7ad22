package org.memarium.kernel.vfs;

/**
 * The bits of {@code st_mode} ({@code include/uapi/linux/stat.h}).
 *
 * <pre>
 *   15  12 11  10  9   8     6 5     3 2     0
 *  +------+---+---+---+-------+-------+-------+
 *  | type | u | g | t | r w x | r w x | r w x |
 *  +------+---+---+---+-------+-------+-------+
 *           |   |   |   owner   group   others
 *           |   |   sticky
 *           |   set group id
 *           set user id
 * </pre>
 */
public final class FileMode {

  public static final int S_IFMT = 0170000;
  public static final int S_IFSOCK = 0140000;
  public static final int S_IFLNK = 0120000;
  public static final int S_IFREG = 0100000;
  public static final int S_IFBLK = 0060000;
  public static final int S_IFDIR = 0040000;
  public static final int S_IFCHR = 0020000;
  public static final int S_IFIFO = 0010000;

  public static final int S_ISUID = 04000;
  public static final int S_ISGID = 02000;
  public static final int S_ISVTX = 01000;

  /** All bits that chmod may set. */
  public static final int PERMISSIONS = 07777;

  /** Permission to search a directory or run a file, as {@code access} asks for it. */
  public static final int MAY_EXEC = 1;

  /** Permission to write. */
  public static final int MAY_WRITE = 2;

  /** Permission to read. */
  public static final int MAY_READ = 4;

  private FileMode() {}

  /** The {@code d_type} of a directory entry for a mode: its type bits ({@code DT_REG} is 8). */
  public static int directoryEntryType(int mode) {
    return (mode & S_IFMT) >> 12;
  }
}
