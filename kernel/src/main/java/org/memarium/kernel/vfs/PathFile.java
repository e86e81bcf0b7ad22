package org.memarium.kernel.vfs;

/** What O_PATH opens: a place in the tree, and nothing to read or write. */
final class PathFile extends OpenFile {

  PathFile(Dentry dentry, int flags) {
    super(dentry, flags);
  }

  @Override
  public boolean isPathOnly() {
    return true;
  }

  @Override
  public boolean isReadable() {
    return false;
  }

  @Override
  public boolean isWritable() {
    return false;
  }
}
