package org.memarium.kernel.vfs;

import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;
import org.memarium.mm.Errno;

/**
 * A symbolic link of /proc or /dev. It is read as text; where it stands for an open file or a
 * directory in use, a walk goes straight there, for the text may be no path ({@code pipe:[7]}) or
 * that of a removed file. What it leads to is always inside the machine's own tree.
 */
public final class MagicLink extends PseudoFile {

  private final Supplier<@Nullable String> text;
  private final Supplier<@Nullable Dentry> destination;

  private MagicLink(
      PseudoFileSystem fileSystem,
      int permissions,
      Supplier<@Nullable String> text,
      Supplier<@Nullable Dentry> destination) {
    super(fileSystem, FileMode.S_IFLNK | permissions);
    this.text = text;
    this.destination = destination;
  }

  /** A link that is nothing but its text; null as text is ENOENT. */
  public static MagicLink toPath(PseudoFileSystem fileSystem, Supplier<@Nullable String> text) {
    return new MagicLink(fileSystem, 0777, text, () -> null);
  }

  /**
   * A link that leads to a dentry.
   *
   * @param permissions such as 0700 for a file open for reading and writing
   * @param destination null is ENOENT
   */
  public static MagicLink toDentry(
      PseudoFileSystem fileSystem, int permissions, Supplier<@Nullable Dentry> destination) {
    return new MagicLink(
        fileSystem,
        permissions,
        () -> {
          Dentry dentry = destination.get();
          return dentry == null ? null : dentry.path();
        },
        destination);
  }

  @Override
  @Nullable Dentry jump() throws ErrnoException {
    checkGuard();
    return destination.get();
  }

  @Override
  String readlink() throws ErrnoException {
    checkGuard();
    String target = text.get();
    if (target == null) {
      throw new ErrnoException(Errno.ENOENT);
    }
    return target;
  }
}
