package org.memarium.kernel.vfs;

import java.util.ArrayDeque;
import java.util.Deque;
import java.util.Objects;
import org.jspecify.annotations.Nullable;
import org.memarium.mm.Errno;

/**
 * Path resolution, Linux {@code fs/namei.c}: one component after the other, symbolic links
 * included.
 *
 * <p>The walk never leaves the tree below the root it was given: {@code ..} at the root stays
 * there, and an absolute link starts again at that root. Since every step is a look at one name of
 * one directory that does not follow links, the host has no path to resolve either.
 */
final class PathWalk {

  /** {@code MAXSYMLINKS}: more links than this in one walk are a loop. */
  static final int MAX_SYMLINKS = 40;

  /** What happens to a symbolic link as last component. */
  enum LastLink {
    /** It is followed. */
    FOLLOW,
    /** It is the result, unless a slash behind it asks for a directory. */
    STOP,
    /** Neither it nor anything else is looked up: the call asks for the entry itself. */
    PARENT
  }

  /**
   * Where a walk ended.
   *
   * @param parent the directory of the last component; null if the path ends with {@code /}, {@code
   *     .}, {@code ..} or a link of /proc, which name no entry
   * @param name the last component
   * @param found what it names, or null if there is none, or it was not looked up ({@link
   *     LastLink#PARENT})
   * @param trailingSlash whether the path asks for a directory
   */
  record Last(@Nullable Dentry parent, String name, @Nullable Dentry found, boolean trailingSlash) {

    /** What was found; ENOENT if nothing, ENOTDIR if the path asks for a directory. */
    Dentry require() throws ErrnoException {
      Dentry dentry = found;
      if (dentry == null) {
        throw new ErrnoException(Errno.ENOENT);
      }
      if (trailingSlash && !dentry.inode().isDirectory()) {
        throw new ErrnoException(Errno.ENOTDIR);
      }
      return dentry;
    }

    /** {@code lookup_one_qstr_excl}: what the entry of {@link #directory} is now, or null. */
    @Nullable Dentry lookup() throws ErrnoException {
      return parent == null ? found : ((Directory) parent.inode()).find(name);
    }

    /** The directory in which the last component is an entry, as calls that change it want it. */
    Directory directory(int errnoIfNoEntry) throws ErrnoException {
      Dentry dentry = parent;
      if (dentry == null) {
        throw new ErrnoException(errnoIfNoEntry);
      }
      return (Directory) dentry.inode();
    }
  }

  private final Dentry root;
  private final Credentials credentials;
  private final int resolve;
  private int links;

  PathWalk(Dentry root, Credentials credentials) {
    this(root, credentials, 0);
  }

  /**
   * A walk that may not go everywhere.
   *
   * @param root where absolute paths start, and where {@code ..} stays
   * @param resolve {@code RESOLVE_} flags of openat2(2); with those that keep the walk below a
   *     directory, {@code root} is that directory
   */
  PathWalk(Dentry root, Credentials credentials, int resolve) {
    this.root = root;
    this.credentials = credentials;
    this.resolve = resolve;
  }

  private boolean mustNot(int flag) {
    return (resolve & flag) != 0;
  }

  /** {@code nd_jump_root}. */
  private Dentry jumpToRoot(@Nullable Dentry from) throws ErrnoException {
    if (mustNot(Fcntl.RESOLVE_BENEATH)
        || (mustNot(Fcntl.RESOLVE_NO_XDEV) && from != null && !sameMount(from, root))) {
      throw new ErrnoException(Errno.EXDEV);
    }
    return root;
  }

  /** {@code handle_dots}. */
  private Dentry up(Dentry at) throws ErrnoException {
    Dentry parent = at.parent();
    if (at == root || parent == null) {
      if (mustNot(Fcntl.RESOLVE_BENEATH)) {
        throw new ErrnoException(Errno.EXDEV);
      }
      return at;
    }
    crossing(at, parent);
    return parent;
  }

  private void crossing(Dentry from, Dentry to) throws ErrnoException {
    if (mustNot(Fcntl.RESOLVE_NO_XDEV) && !sameMount(from, to)) {
      throw new ErrnoException(Errno.EXDEV);
    }
  }

  private static boolean sameMount(Dentry one, Dentry other) {
    return Objects.equals(mountIdentity(one), mountIdentity(other));
  }

  /** The mount on which something lies; null for what has no place in the tree. */
  static @Nullable Object mountIdentity(Dentry dentry) {
    if (dentry.inode() instanceof Directory itself) {
      return itself.mountIdentity();
    }
    Dentry parent = dentry.parent();
    return parent != null && parent.inode() instanceof Directory holder
        ? holder.mountIdentity()
        : null;
  }

  /**
   * Walks.
   *
   * @param start where a relative path starts
   * @param lastLink what happens to a symbolic link as last component
   * @throws ErrnoException ENOENT, ENOTDIR, EACCES, ELOOP, ENAMETOOLONG on the way; what the last
   *     component names may be missing
   */
  Last walk(Dentry start, String path, LastLink lastLink) throws ErrnoException {
    if (path.isEmpty()) {
      throw new ErrnoException(Errno.ENOENT);
    }
    if (path.length() >= Fcntl.PATH_MAX) {
      throw new ErrnoException(Errno.ENAMETOOLONG);
    }
    // What remains of the paths in which links were met, the innermost on top.
    Deque<String> rest = new ArrayDeque<>();
    Dentry at = path.startsWith("/") ? jumpToRoot(null) : start;
    String text = path;
    int position = 0;
    Last last = new Last(null, "", at, false);
    while (true) {
      position = skipSlashes(text, position);
      if (position == text.length()) {
        if (rest.isEmpty()) {
          return last;
        }
        text = rest.pop();
        position = 0;
        continue;
      }
      Directory directory = search(at);
      int end = text.indexOf('/', position);
      String name = end < 0 ? text.substring(position) : text.substring(position, end);
      position = end < 0 ? text.length() : skipSlashes(text, end);
      boolean isLast = position == text.length() && rest.isEmpty();
      boolean slash = end >= 0;

      if (name.equals(".") || name.equals("..")) {
        if (isLast && lastLink == LastLink.PARENT) {
          return new Last(null, name, at, true);
        }
        at = name.length() == 2 ? up(at) : at;
        last = new Last(null, name, at, true);
        continue;
      }
      if (isLast && lastLink == LastLink.PARENT) {
        return new Last(at, name, null, slash);
      }
      Dentry child = directory.find(name);
      if (child == null) {
        if (isLast) {
          return new Last(at, name, null, slash);
        }
        throw new ErrnoException(Errno.ENOENT);
      }
      boolean follow =
          !isLast || lastLink == LastLink.FOLLOW || (lastLink == LastLink.STOP && slash);
      crossing(at, child);
      if (follow && child.inode().isSymlink()) {
        if (mustNot(Fcntl.RESOLVE_NO_SYMLINKS) || ++links > MAX_SYMLINKS) {
          throw new ErrnoException(Errno.ELOOP);
        }
        mayFollow(directory, child.inode());
        Dentry jump = child.inode().jump();
        if (jump != null) {
          at = jump(at, jump);
          last = new Last(null, name, at, slash);
          continue;
        }
        String target = child.inode().readlink();
        if (target.isEmpty()) {
          throw new ErrnoException(Errno.ENOENT);
        }
        // A slash behind the link asks for a directory, whatever the target's last component is.
        String remaining = position < text.length() ? text.substring(position) : slash ? "." : "";
        if (!remaining.isEmpty()) {
          rest.push(remaining);
        }
        if (target.startsWith("/")) {
          at = jumpToRoot(at);
        }
        last = new Last(null, "", at, false);
        text = target;
        position = 0;
        continue;
      }
      last = new Last(at, name, child, slash);
      at = child;
    }
  }

  /** {@code may_follow_link}, with {@code fs.protected_symlinks}, which Debian sets. */
  private void mayFollow(Directory directory, Inode link) throws ErrnoException {
    int everybodys = FileMode.S_ISVTX | 02;
    if ((directory.mode() & everybodys) == everybodys
        && link.uid() != credentials.fsuid()
        && link.uid() != directory.uid()) {
      throw new ErrnoException(Errno.EACCES);
    }
  }

  /** {@code nd_jump_link}: a link of /proc leads there without a path. */
  private Dentry jump(Dentry from, Dentry to) throws ErrnoException {
    if (mustNot(Fcntl.RESOLVE_NO_MAGICLINKS)) {
      throw new ErrnoException(Errno.ELOOP);
    }
    if (mustNot(Fcntl.RESOLVE_BENEATH | Fcntl.RESOLVE_IN_ROOT)) {
      throw new ErrnoException(Errno.EXDEV);
    }
    crossing(from, to);
    return to;
  }

  private static int skipSlashes(String text, int from) {
    int position = from;
    while (position < text.length() && text.charAt(position) == '/') {
      position++;
    }
    return position;
  }

  /** The directory itself, if it is one that the user may search. */
  private Directory search(Dentry dentry) throws ErrnoException {
    Inode inode = dentry.inode();
    if (!(inode instanceof Directory directory)) {
      throw new ErrnoException(Errno.ENOTDIR);
    }
    if (!credentials.may(FileMode.MAY_EXEC, inode.mode(), inode.uid(), inode.gid())) {
      throw new ErrnoException(Errno.EACCES);
    }
    return directory;
  }
}
