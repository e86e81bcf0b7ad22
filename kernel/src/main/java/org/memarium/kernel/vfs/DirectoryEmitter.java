package org.memarium.kernel.vfs;

/** {@code struct dir_context}: takes the entries of a directory, one by one. */
@FunctionalInterface
public interface DirectoryEmitter {

  /**
   * Takes one entry.
   *
   * @param name the name; each char is one byte
   * @param ino its inode number
   * @param type its {@code d_type}
   * @param nextPosition {@code d_off}: the position of the entry after it
   * @return false if there is no room for it; it will be the next one then
   */
  boolean entry(String name, long ino, int type, long nextPosition);
}
