package org.memarium.kernel.vfs;

/** {@code struct fs_struct}: where a process's paths start, and its umask. */
public final class FsStruct {

  /** Where absolute paths start. */
  Dentry root;

  /** Where relative paths start: the working directory. */
  Dentry pwd;

  /** Permission bits that a creation leaves out. */
  int umask;

  /**
   * Starts at a root.
   *
   * @param root both root and working directory
   */
  public FsStruct(Dentry root) {
    this(root, root, 022);
  }

  private FsStruct(Dentry root, Dentry pwd, int umask) {
    this.root = root;
    this.pwd = pwd;
    this.umask = umask;
  }

  /** A copy of its own, as a child without CLONE_FS gets it. */
  public FsStruct copy() {
    return new FsStruct(root, pwd, umask);
  }

  /** Where absolute paths start. */
  public Dentry root() {
    return root;
  }

  /** The working directory. */
  public Dentry pwd() {
    return pwd;
  }

  /** Permission bits that a creation leaves out. */
  public int umask() {
    return umask;
  }

  /**
   * Sets the mask of permission bits that a creation leaves out.
   *
   * @return the mask before
   */
  public int umask(int mask) {
    int before = umask;
    umask = mask & 0777;
    return before;
  }
}
