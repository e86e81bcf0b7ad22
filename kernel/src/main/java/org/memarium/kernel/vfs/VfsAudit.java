package org.memarium.kernel.vfs;

import java.util.ArrayDeque;
import java.util.Collection;
import java.util.Collections;
import java.util.Deque;
import java.util.EnumMap;
import java.util.IdentityHashMap;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;
import org.jspecify.annotations.Nullable;
import org.memarium.mm.Audit;
import org.memarium.mm.slab.KmemCache;

/**
 * The recount of files: every dentry that the tree, an open file or a working directory leads to,
 * who holds it, and the inodes behind them; and how many objects of each cache that makes.
 */
final class VfsAudit {
  private final Vfs vfs;
  private final VfsCaches caches;
  private final Audit audit;

  /** By dentry, in no order: how often it is held. */
  private final IdentityHashMap<Dentry, Integer> references = new IdentityHashMap<>();

  private final Deque<Dentry> toVisit = new ArrayDeque<>();
  private final IdentityHashMap<Inode, Integer> inodes = new IdentityHashMap<>();

  VfsAudit(Vfs vfs, Audit audit) {
    this.vfs = vfs;
    this.caches = vfs.caches();
    this.audit = audit;
  }

  void run(Collection<OpenFile> files, Collection<FsStruct> places) {
    meet(vfs.root());
    for (OpenFile file : files) {
      hold(file.dentry());
    }
    for (FsStruct place : places) {
      hold(place.root());
      hold(place.pwd());
    }
    vfs.unix().forEachBoundFile(this::hold);
    for (Dentry orphan : vfs.dcache().orphans()) {
      meet(orphan);
    }
    while (!toVisit.isEmpty()) {
      visit(toVisit.remove());
    }
    compare();
    claimBuffers(files);
    countWatchers(files);
    countSockets(files);
    tell(caches.filp, files.size());
    tell(caches.names, 0);
  }

  /** Pages on their way through pipes; one may be in several, by tee. */
  private void claimBuffers(Collection<OpenFile> files) {
    Map<Integer, Integer> pages = new TreeMap<>();
    Set<Pipe> pipes = Collections.newSetFromMap(new IdentityHashMap<>());
    for (OpenFile file : files) {
      if (file instanceof PipeEnd end && pipes.add(end.pipe())) {
        end.pipe().forEachPage(page -> pages.merge(page, 1, Integer::sum));
      }
    }
    if (caches.isMachine()) {
      pages.forEach((page, holders) -> {
        audit.claim(page, "pipe");
        for (int i = 0; i < holders; i++) {
          audit.expectReference(page);
        }
      });
    }
  }

  /** Ends of sockets, those that nobody has accepted too, and what waits in their queues. */
  private void countSockets(Collection<OpenFile> files) {
    long ends = 0;
    long buffers = 0;
    Deque<UnixSock> toCount = new ArrayDeque<>();
    for (OpenFile file : files) {
      if (file instanceof UnixSocket socket) {
        toCount.add(socket.sock());
      }
    }
    while (!toCount.isEmpty()) {
      UnixSock sock = toCount.remove();
      ends++;
      buffers += sock.received().size();
      toCount.addAll(sock.backlog());
    }
    tell(caches.unixSock, ends);
    tell(caches.socketBuffer, buffers);
  }

  private void countWatchers(Collection<OpenFile> files) {
    long items = 0;
    long entries = 0;
    for (OpenFile file : files) {
      for (EventPollItem item : file.watchers()) {
        items++;
        entries += item.queues();
      }
    }
    tell(caches.eventPollItem, items);
    tell(caches.eventPollEntry, entries);
  }

  private void meet(Dentry dentry) {
    if (references.putIfAbsent(dentry, 0) == null) {
      toVisit.add(dentry);
    }
  }

  private void hold(Dentry dentry) {
    meet(dentry);
    references.merge(dentry, 1, Integer::sum);
  }

  private void visit(Dentry dentry) {
    if (dentry.isPinned()) {
      hold(dentry);
    }
    Dentry parent = dentry.parent();
    if (parent != null) {
      hold(parent);
    }
    if (dentry.isNegative()) {
      return;
    }
    Inode inode = dentry.inode();
    inodes.merge(inode, 1, Integer::sum);
    if (inode instanceof Directory directory) {
      directory.children().values().forEach(this::meet);
      directory.mounts().forEach(this::meet);
    }
  }

  private void compare() {
    long unused = 0;
    for (Map.Entry<Dentry, Integer> entry : references.entrySet()) {
      Dentry dentry = entry.getKey();
      if (dentry.references() != entry.getValue() || dentry.isFreed()) {
        audit.difference(
            "dentry %s has %d references%s, and a recount gives %d"
                .formatted(
                    dentry,
                    dentry.references(),
                    dentry.isFreed() ? " and was freed" : "",
                    entry.getValue()));
      }
      unused += dentry.onLru ? 1 : 0;
      if (dentry.onLru != (dentry.references() == 0)) {
        audit.difference("dentry %s is in the wrong list".formatted(dentry));
      }
    }
    audit.expectEqual("nr_dentry", vfs.dcache().dentries(), references.size());
    audit.expectEqual("nr_unused dentries", vfs.dcache().unused(), unused);
    tell(caches.dentry, references.size());
    Map<VfsCaches.InodeKind, Long> byKind = new EnumMap<>(VfsCaches.InodeKind.class);
    long locks = vfs.blockedLocks().size();
    for (Map.Entry<Inode, Integer> entry : inodes.entrySet()) {
      Inode inode = entry.getKey();
      audit.expectEqual("i_count of inode " + inode.ino(), inode.count(), entry.getValue());
      byKind.merge(inode.kind(), 1L, Long::sum);
      locks += inode.lockCount();
    }
    for (Inode inode : vfs.inodesWithoutDentry()) {
      byKind.merge(inode.kind(), 1L, Long::sum);
    }
    for (VfsCaches.InodeKind kind : VfsCaches.InodeKind.values()) {
      tell(caches.inodes(kind), byKind.getOrDefault(kind, 0L));
    }
    tell(caches.fileLock, locks);
  }

  private void tell(@Nullable KmemCache cache, long objects) {
    if (cache != null) {
      audit.expectObjects(cache, objects);
    }
  }
}
