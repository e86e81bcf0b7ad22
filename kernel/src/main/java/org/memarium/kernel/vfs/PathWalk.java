package org.memarium.kernel.vfs;

import java.util.ArrayDeque;
import java.util.Deque;
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
    /** It is the result in any case: the call changes the entry. */
    ENTRY
  }

  /**
   * Where a walk ended.
   *
   * @param parent the directory of the last component; null if the path ends with {@code /}, {@code
   *     .}, {@code ..} or a link of /proc, which name no entry
   * @param name the last component
   * @param found what it names, or null if there is none
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
  private int links;

  PathWalk(Dentry root, Credentials credentials) {
    this.root = root;
    this.credentials = credentials;
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
    Dentry at = path.startsWith("/") ? root : start;
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
        Dentry up = at.parent();
        if (name.length() == 2 && at != root && up != null) {
          at = up;
        }
        last = new Last(null, name, at, true);
        continue;
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
      if (follow && child.inode().isSymlink()) {
        if (++links > MAX_SYMLINKS) {
          throw new ErrnoException(Errno.ELOOP);
        }
        Dentry jump = child.inode().jump();
        if (jump != null) {
          at = jump;
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
          at = root;
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
