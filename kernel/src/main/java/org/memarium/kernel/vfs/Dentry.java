package org.memarium.kernel.vfs;

import org.jspecify.annotations.Nullable;

/**
 * {@code struct dentry}: a name in a directory, and the inode that it names.
 *
 * <p>A rename moves the object, so that open files and working directories know their new path.
 */
public final class Dentry {

  private @Nullable Dentry parent;
  private String name;
  private final Inode inode;
  private boolean unlinked;

  /**
   * A name.
   *
   * @param parent of the directory that holds it; null for a root, and for what has no place in the
   *     tree, such as a pipe
   * @param name each char is one byte; empty for a root
   * @param inode what it names
   */
  Dentry(@Nullable Dentry parent, String name, Inode inode) {
    this.parent = parent;
    this.name = name;
    this.inode = inode;
  }

  /** The directory that holds the name, or null. */
  public @Nullable Dentry parent() {
    return parent;
  }

  /** The name in its directory. */
  public String name() {
    return name;
  }

  /** What it names. */
  public Inode inode() {
    return inode;
  }

  /** Whether the name was removed after this was looked up. */
  public boolean isUnlinked() {
    return unlinked;
  }

  void unlinked() {
    unlinked = true;
  }

  /** Marks this name as removed if it is the same name as another. */
  void unlinkedIf(Dentry removed) {
    if (parent == removed.parent && name.equals(removed.name)) {
      unlinked = true;
    }
  }

  /** Moves this name if it is the one that moved. */
  void movedIf(Dentry oldParent, String oldName, Dentry newParent, String newName) {
    if (parent == oldParent && name.equals(oldName)) {
      moved(newParent, newName);
    }
  }

  void moved(Dentry newParent, String newName) {
    parent = newParent;
    name = newName;
    unlinked = false;
  }

  /** The path from the root of the machine's tree. */
  public String path() {
    Dentry top = this;
    for (Dentry up = parent; up != null; up = up.parent) {
      top = up;
    }
    return path(top == this && !name.isEmpty() ? null : top);
  }

  /**
   * The path from a root, as getcwd and /proc print it: {@code d_path}. What was removed ends with
   * {@code " (deleted)"}; what is not below the root begins with {@code "(unreachable)"}.
   */
  public String path(@Nullable Dentry root) {
    StringBuilder path = new StringBuilder();
    Dentry at = this;
    while (at != root) {
      Dentry up = at.parent;
      if (up == null) {
        if (at.name.isEmpty()) {
          path.insert(0, "(unreachable)");
        } else {
          path.insert(0, at.name);
        }
        break;
      }
      path.insert(0, at.name).insert(0, '/');
      at = up;
    }
    if (path.isEmpty()) {
      path.append('/');
    }
    if (unlinked) {
      path.append(" (deleted)");
    }
    return path.toString();
  }

  @Override
  public String toString() {
    return (parent == null ? "" : parent + "/") + name;
  }
}
