package org.memarium.kernel.vfs;

/** {@code struct fs_struct}: where a process's paths start, and its umask. */
public final class FsStruct {

  private Dentry root;
  private Dentry pwd;

  /** Permission bits that a creation leaves out. */
  int umask;

  /** The object of the cache {@code fs_cache}. */
  private final long slot;

  /** How many tasks use it; 0: it has ended. */
  private int users = 1;

  private FsStruct(Dentry root, Dentry pwd, int umask, long slot) {
    this.root = root;
    this.pwd = pwd;
    this.umask = umask;
    this.slot = slot;
    root.hold();
    pwd.hold();
  }

  /**
   * {@code alloc_fs_struct}: starts at a root.
   *
   * @param root both root and working directory
   * @throws ErrnoException ENOMEM
   */
  public static FsStruct allocate(Dentry root) throws ErrnoException {
    return new FsStruct(root, root, 022, VfsCaches.alloc(root.dcache().caches().fsStruct));
  }

  /** The paths of somebody who is no process: without an object of the cache. */
  public static FsStruct outside(Dentry root) {
    return new FsStruct(root, root, 022, 0);
  }

  /**
   * {@code copy_fs_struct}: a copy of its own, as a child without CLONE_FS gets it.
   *
   * @throws ErrnoException ENOMEM
   */
  public FsStruct copy() throws ErrnoException {
    return new FsStruct(root, pwd, umask, VfsCaches.alloc(root.dcache().caches().fsStruct));
  }

  /** {@code CLONE_FS}: one more task uses it, and lets go of it by {@link #free}. */
  public FsStruct share() {
    users++;
    return this;
  }

  /** {@code exit_fs}, when a task ends: with the last one it goes. */
  public void free() {
    if (users == 0) {
      throw new IllegalStateException("the root and working directory of a process end twice");
    }
    if (--users > 0) {
      return;
    }
    VfsCaches.free(root.dcache().caches().fsStruct, slot);
    root.release();
    pwd.release();
  }

  /** Where absolute paths start. */
  public Dentry root() {
    return root;
  }

  /** Where relative paths start: the working directory. */
  public Dentry pwd() {
    return pwd;
  }

  /** {@code set_fs_root}. */
  void setRoot(Dentry directory) {
    directory.hold();
    root.release();
    root = directory;
  }

  /** {@code set_fs_pwd}. */
  void setPwd(Dentry directory) {
    directory.hold();
    pwd.release();
    pwd = directory;
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
