package org.memarium.kernel.ipc;

import java.util.List;
import java.util.TreeMap;
import java.util.function.LongSupplier;
import java.util.function.ToLongFunction;
import org.jspecify.annotations.Nullable;
import org.memarium.mm.Errno;

/**
 * {@code struct ipc_ids}: all objects of one kind, by number and by key; Linux {@code ipc/util.c}.
 *
 * <pre>
 *   id   31 30             15 14            0
 *       +--+-----------------+---------------+
 *       |0 |   sequence      |     index     |    the sequence goes on when the indexes begin again
 *       +--+-----------------+---------------+
 * </pre>
 *
 * @param <T> what they are
 */
public final class IpcIds<T extends IpcObject> {
  /** {@code IPCMNI}: how many objects of a kind there may be at all. */
  public static final int MAX_OBJECTS = 1 << 15;

  /** Make an object where the key has none. */
  static final int IPC_CREAT = 01000;

  /** With {@link #IPC_CREAT}: only make one. */
  static final int IPC_EXCL = 02000;

  private static final int SEQUENCE_SHIFT = 15;
  private static final int INDEX_MASK = MAX_OBJECTS - 1;
  private static final int SEQUENCES = Integer.MAX_VALUE >> SEQUENCE_SHIFT;

  /** {@code ipc_min_cycle}: indexes are not used again before so many others were. */
  private static final int MIN_CYCLE = 64;

  private final TreeMap<Integer, T> byIndex = new TreeMap<>();
  private final TreeMap<Integer, T> byKey = new TreeMap<>();
  private int lastIndex = -1;
  private int nextIndex;
  private int sequence;
  private int nextId = -1;

  /** How many there are. */
  public int inUse() {
    return byIndex.size();
  }

  /** {@code ipc_get_maxidx}: the highest index in use, or 0. */
  public int maxIndex() {
    return byIndex.isEmpty() ? 0 : byIndex.lastKey();
  }

  /** All of them, by index. */
  public List<T> all() {
    return List.copyOf(byIndex.values());
  }

  /** {@code shm_next_id} and its like: the number that the next object gets; -1: any. */
  public int nextId() {
    return nextId;
  }

  /** Sets {@link #nextId}. */
  public void setNextId(int id) {
    nextId = id;
  }

  /** The object at an index, whatever the sequence in the number is. */
  @Nullable T atIndexOf(int id) {
    return byIndex.get(id & INDEX_MASK);
  }

  /** {@code ipc_obtain_object_check}. */
  @Nullable T find(int id) {
    T object = id < 0 ? null : atIndexOf(id);
    return object == null || object.id() != id ? null : object;
  }

  /**
   * {@code ipcget}: finds the object of a key, or makes one.
   *
   * @param create makes one: its number or a negative errno
   * @param check what else must be true of one that is found: 0 or a negative errno
   * @return the number, or a negative errno
   */
  long get(IpcCaller caller, int key, int flags, LongSupplier create, ToLongFunction<T> check) {
    T found = key == IpcObject.PRIVATE ? null : byKey.get(key);
    if (found == null) {
      return key == IpcObject.PRIVATE || (flags & IPC_CREAT) != 0
          ? create.getAsLong()
          : -Errno.ENOENT;
    }
    if ((flags & (IPC_CREAT | IPC_EXCL)) == (IPC_CREAT | IPC_EXCL)) {
      return -Errno.EEXIST;
    }
    long error = check.applyAsLong(found);
    if (error != 0) {
      return error;
    }
    return found.permits(caller, flags) ? found.id() : -Errno.EACCES;
  }

  /**
   * {@code ipc_addid}: gives an object its number.
   *
   * @param limit how many there may be
   * @return the number, or -ENOSPC
   */
  long add(T object, int limit) {
    if (inUse() >= Math.min(limit, MAX_OBJECTS)) {
      return -Errno.ENOSPC;
    }
    int index;
    int itsSequence;
    if (nextId >= 0) {
      index = freeIndex(nextId & INDEX_MASK, MAX_OBJECTS);
      itsSequence = nextId >> SEQUENCE_SHIFT;
      nextId = -1;
    } else {
      int end = Math.min(Math.max(inUse() * 3 / 2, MIN_CYCLE), MAX_OBJECTS);
      index = freeIndex(nextIndex, end);
      if (index < 0) {
        index = freeIndex(0, end);
      }
      nextIndex = index + 1;
      if (index <= lastIndex) {
        sequence = (sequence + 1) % SEQUENCES;
      }
      lastIndex = index;
      itsSequence = sequence;
    }
    if (index < 0) {
      return -Errno.ENOSPC;
    }
    object.setId(itsSequence << SEQUENCE_SHIFT | index, itsSequence);
    byIndex.put(index, object);
    if (object.key() != IpcObject.PRIVATE) {
      byKey.put(object.key(), object);
    }
    return object.id();
  }

  private int freeIndex(int from, int end) {
    for (int index = from; index < end; index++) {
      if (!byIndex.containsKey(index)) {
        return index;
      }
    }
    return -1;
  }

  /** {@code ipc_set_key_private}: nobody finds it by its key any more. */
  void forgetKey(T object) {
    if (object.key() != IpcObject.PRIVATE) {
      byKey.remove(object.key());
      object.forgetKey();
    }
  }

  /** {@code ipc_rmid}. */
  void remove(T object) {
    if (object.key() != IpcObject.PRIVATE) {
      byKey.remove(object.key());
    }
    byIndex.remove(object.id() & INDEX_MASK);
    object.setRemoved();
  }
}
