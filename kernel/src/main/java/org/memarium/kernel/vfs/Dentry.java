package org.memarium.kernel.vfs;

import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * {@code struct dentry}: a name in a directory, and the inode that it names.
 *
 * <p>A dentry that no inode is behind is negative: it says that there is no such name. Only
 * directories see those. A rename moves the object, so that open files and working directories know
 * their new path.
 *
 * <p>References ({@link #hold}, {@link #release}) are those of Linux's {@code d_lockref}: open
 * files, working directories, mounts, dentries below, and file systems that live in memory. An
 * unused dentry stays in the {@link Dcache} if its directory still knows it, and is freed if not.
 */
public final class Dentry {

  private final Dcache dcache;
  private @Nullable Dentry parent;
  private String name;
  private @Nullable Inode inode;

  /** Whether the name was removed after this was looked up. */
  private boolean unlinked;

  /** Whether the directory finds it by its name. */
  private boolean hashed;

  private boolean freed;
  private boolean pinned;
  private int references;

  /** The object of the cache {@code dentry}. */
  private final long slot;

  /** The object of kmalloc that a long name needs; 0 for a short one. It goes with the name. */
  private long nameSlot;

  // ---- The list of unused dentries: owned by Dcache ----
  @Nullable Dentry lruPrevious;
  @Nullable Dentry lruNext;
  boolean onLru;

  /** The call that looked it up last. */
  long lastCall;

  private Dentry(Dcache dcache, @Nullable Dentry parent, String name, long slot, long nameSlot) {
    this.dcache = dcache;
    this.parent = parent;
    this.name = name;
    this.slot = slot;
    this.nameSlot = nameSlot;
    this.lastCall = dcache.call();
  }

  /**
   * {@code d_alloc}: a negative dentry that its directory does not know yet.
   *
   * @param parent of the directory that holds it; null for a root, and for what has no place in the
   *     tree, such as a pipe
   * @param name each char is one byte; empty for a root
   * @throws ErrnoException ENOMEM
   */
  static Dentry allocate(Dcache dcache, @Nullable Dentry parent, String name)
      throws ErrnoException {
    VfsCaches caches = dcache.caches();
    long slot = VfsCaches.alloc(caches.dentry);
    long nameSlot;
    try {
      nameSlot = caches.allocName(name);
    } catch (ErrnoException e) {
      VfsCaches.free(caches.dentry, slot);
      throw e;
    }
    if (parent != null) {
      parent.hold();
    }
    dcache.countDentry(1);
    return new Dentry(dcache, parent, name, slot, nameSlot);
  }

  /**
   * {@code d_alloc_pseudo} and {@code d_instantiate}: a dentry of its own for an inode that has no
   * place in the tree. It is freed with its last reference; the caller takes the first.
   *
   * @param inode held by the caller; the dentry takes that over
   * @throws ErrnoException ENOMEM; the caller still holds the inode
   */
  static Dentry allocatePseudo(Dcache dcache, String name, Inode inode) throws ErrnoException {
    Dentry dentry = allocate(dcache, null, name);
    dentry.inode = inode;
    return dentry;
  }

  /**
   * {@code d_mark_tmpfile}: the dentry of a file without a name. It says where the file was made,
   * and is freed with its last reference; the caller takes the first.
   *
   * @throws ErrnoException ENOMEM; nothing is held then
   */
  static Dentry allocateNameless(Dentry directory, Inode inode) throws ErrnoException {
    Dentry dentry = allocate(directory.dcache, directory, "#" + inode.ino());
    try {
      dentry.instantiate(inode);
    } catch (ErrnoException e) {
      dentry.discard();
      throw e;
    }
    dentry.unlinked = true;
    return dentry;
  }

  /** {@code d_instantiate}: a negative dentry names an inode from now on. */
  void instantiate(Inode named) throws ErrnoException {
    if (inode != null) {
      throw new IllegalStateException(this + " names an inode already");
    }
    named.hold(dcache.caches());
    boolean unused = onLru;
    if (unused) {
      dcache.lruRemove(this);
    }
    inode = named;
    if (unused) {
      dcache.lruAdd(this);
    }
  }

  /** Frees a dentry that was never hashed or held. */
  void discard() {
    if (references != 0 || hashed) {
      throw new IllegalStateException(this + " is discarded, and in use");
    }
    free();
  }

  // ---- References ----

  /** {@code dget}. */
  public void hold() {
    if (freed) {
      throw new IllegalStateException(this + " is held, and was freed");
    }
    if (references++ == 0 && onLru) {
      dcache.lruRemove(this);
    }
  }

  /** {@code dput}. */
  public void release() {
    if (references <= 0) {
      throw new IllegalStateException(this + " is released more often than held");
    }
    if (--references == 0) {
      unused();
    }
  }

  private void unused() {
    if (hashed) {
      dcache.lruAdd(this);
    } else {
      free();
    }
  }

  /** Holds it for good, as a file system in memory does with each of its names; once only. */
  void pin() {
    if (!pinned) {
      pinned = true;
      hold();
    }
  }

  /** Undoes {@link #pin}. */
  void unpin() {
    if (pinned) {
      pinned = false;
      release();
    }
  }

  /** {@code d_add}, {@code d_rehash}: its directory finds it from now on. */
  void hash() {
    hashed = true;
    directory().children().put(name, this);
    if (references == 0) {
      dcache.lruAdd(this);
    }
  }

  /** {@code d_drop}: its directory does not find it any more; it is freed if nobody holds it. */
  void drop() {
    if (hashed) {
      unhash();
      if (references == 0) {
        free();
      }
    }
  }

  /**
   * {@code d_invalidate}: the host has something else under this name. Who holds it goes on seeing
   * what there was.
   */
  void invalidate() {
    drop();
    if (!freed) {
      dcache.orphans().add(this);
    }
  }

  /** {@code shrink_dcache_parent} and {@code d_drop}: forgets what nobody holds of a tree. */
  void flush() {
    if (inode instanceof Directory directory) {
      for (Dentry child : List.copyOf(directory.children().values())) {
        child.flush();
      }
    }
    if (references == 0) {
      drop();
    }
  }

  private void unhash() {
    directory().children().remove(name, this);
    hashed = false;
    if (onLru) {
      dcache.lruRemove(this);
    }
  }

  private Directory directory() {
    Dentry above = parent;
    if (above == null || !(above.inode instanceof Directory directory)) {
      throw new IllegalStateException(this + " is in no directory");
    }
    return directory;
  }

  /** {@code shrink_dentry_list}: frees an unused dentry, and those above that are unused then. */
  void prune() {
    Dentry above = parent;
    drop();
    while (above != null && above.onLru && above.lastCall != dcache.call()) {
      Dentry up = above.parent;
      above.drop();
      above = up;
    }
  }

  /** {@code __dentry_kill}. */
  private void free() {
    freed = true;
    Inode named = inode;
    if (named != null) {
      named.release(dcache.caches());
    }
    dcache.caches().kfree(nameSlot);
    VfsCaches.free(dcache.caches().dentry, slot);
    dcache.orphans().remove(this);
    dcache.countDentry(-1);
    if (parent != null) {
      parent.release();
    }
  }

  /** A walk has come by. */
  void touch() {
    lastCall = dcache.call();
  }

  // ---- What it says ----

  Dcache dcache() {
    return dcache;
  }

  /** The directory that holds the name, or null. */
  public @Nullable Dentry parent() {
    return parent;
  }

  /** The name in its directory. */
  public String name() {
    return name;
  }

  /** Whether there is no such name. */
  boolean isNegative() {
    return inode == null;
  }

  /** What it names. */
  public Inode inode() {
    Inode named = inode;
    if (named == null) {
      throw new IllegalStateException("there is no " + this);
    }
    return named;
  }

  /** Whether the name was removed after this was looked up. */
  public boolean isUnlinked() {
    return unlinked;
  }

  /** Whether the object is gone from its cache: the name may not be what it was. */
  boolean isFreed() {
    return freed;
  }

  boolean isHashed() {
    return hashed;
  }

  boolean isPinned() {
    return pinned;
  }

  int references() {
    return references;
  }

  void unlinked() {
    unlinked = true;
  }

  /**
   * {@code d_move}: gives this dentry the place and name of another one, which gets the old place
   * and name of this one if they change places, and otherwise is not found any more.
   */
  void move(Dentry target, boolean exchange) {
    target.hold();
    boolean targetWasHashed = target.hashed;
    unhash();
    if (targetWasHashed) {
      target.unhash();
    }
    Dentry oldParent = parent;
    String oldName = name;
    long oldNameSlot = nameSlot;
    // Each goes on holding one parent: the counts stay right.
    parent = target.parent;
    name = target.name;
    nameSlot = target.nameSlot;
    target.parent = oldParent;
    target.name = oldName;
    target.nameSlot = oldNameSlot;
    unlinked = false;
    hash();
    if (exchange) {
      target.unlinked = false;
      target.hash();
    }
    target.release();
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
