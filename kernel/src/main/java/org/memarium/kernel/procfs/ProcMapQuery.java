package org.memarium.kernel.procfs;

import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.util.Arrays;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;
import org.memarium.hardware.Ram;
import org.memarium.kernel.vfs.DeviceNumber;
import org.memarium.kernel.vfs.HostNames;
import org.memarium.kernel.vfs.IoctlArgument;
import org.memarium.kernel.vfs.IoctlHandler;
import org.memarium.mm.Errno;
import org.memarium.mm.space.MappedFile;
import org.memarium.mm.space.MmStruct;
import org.memarium.mm.space.VmFlags;
import org.memarium.mm.space.Vma;

/**
 * {@code PROCMAP_QUERY} of {@code /proc/<pid>/maps}: one area, in numbers; Linux {@code
 * fs/proc/task_mmu.c}, {@code do_procmap_query}, since 6.11.
 *
 * <pre>
 *   struct procmap_query, words of 64 bits but for those of 32 that say so
 *     0 size         8 query_flags   16 query_addr   24 vma_start    32 vma_end
 *    40 vma_flags   48 page_size     56 vma_offset   64 inode
 *    72 dev_major, 76 dev_minor, 80 vma_name_size, 84 build_id_size (32 bits each)
 *    88 vma_name_addr               96 build_id_addr
 * </pre>
 */
final class ProcMapQuery implements IoctlHandler {
  /** {@code _IOWR('f', 17, struct procmap_query)}. */
  static final int PROCMAP_QUERY = 0xc068_6611;

  private static final int BYTES = 104;

  /** Up to {@code query_addr}: what must be there at least. */
  private static final int MIN_BYTES = 24;

  private static final int PATH_MAX = 4096;

  // ---- query_flags; the first four are those of vma_flags, too ----
  private static final int READABLE = 1;
  private static final int WRITABLE = 2;
  private static final int EXECUTABLE = 4;
  private static final int SHARED = 8;
  private static final int COVERING_OR_NEXT = 0x10;
  private static final int FILE_BACKED = 0x20;
  private static final int ALL = 0x3f;

  private final Supplier<@Nullable MmStruct> mm;

  ProcMapQuery(Supplier<@Nullable MmStruct> mm) {
    this.mm = mm;
  }

  @Override
  public long ioctl(int command, IoctlArgument argument) {
    return command == PROCMAP_QUERY ? query(argument) : -Errno.ENOTTY;
  }

  private long query(IoctlArgument argument) {
    byte[] first = new byte[Long.BYTES];
    if (!argument.copyFromUser(first)) {
      return -Errno.EFAULT;
    }
    long size = buffer(first).getLong(0);
    if (size < 0 || size > Ram.PAGE_SIZE) {
      return -Errno.E2BIG;
    }
    if (size < MIN_BYTES) {
      return -Errno.EINVAL;
    }
    byte[] given = new byte[(int) size];
    if (!argument.copyFromUser(given)) {
      return -Errno.EFAULT;
    }
    for (int i = BYTES; i < given.length; i++) {
      if (given[i] != 0) {
        return -Errno.E2BIG;
      }
    }
    return answer(Arrays.copyOf(given, BYTES), (int) Math.min(size, BYTES), argument);
  }

  private static ByteBuffer buffer(byte[] bytes) {
    return ByteBuffer.wrap(bytes).order(ByteOrder.LITTLE_ENDIAN);
  }

  private long answer(byte[] words, int bytes, IoctlArgument argument) {
    ByteBuffer query = buffer(words);
    long flags = query.getLong(8);
    int nameBytes = query.getInt(80);
    int buildIdBytes = query.getInt(84);
    if ((flags & ~ALL) != 0
        || (nameBytes != 0) != (query.getLong(88) != 0)
        || (buildIdBytes != 0) != (query.getLong(96) != 0)) {
      return -Errno.EINVAL;
    }
    MmStruct now = mm.get();
    if (now == null) {
      return -Errno.ESRCH;
    }
    Vma area = find(now, query.getLong(16), (int) flags);
    if (area == null) {
      return -Errno.ENOENT;
    }
    describe(query, area);
    byte[] buildId = buildIdBytes == 0 ? new byte[0] : BuildId.of(area);
    byte[] name = nameBytes == 0 ? new byte[0] : name(now, area);
    if (Integer.compareUnsigned(buildIdBytes, buildId.length) < 0
        || Integer.compareUnsigned(nameBytes, name.length) < 0
        || name.length > PATH_MAX) {
      return -Errno.ENAMETOOLONG;
    }
    query.putInt(80, name.length);
    query.putInt(84, buildId.length);
    boolean copied =
        argument.copyToUser(query.getLong(88), name)
            && argument.copyToUser(query.getLong(96), buildId)
            && argument.copyToUser(Arrays.copyOf(words, bytes));
    return copied ? 0 : -Errno.EFAULT;
  }

  /** {@code query_matching_vma}. */
  private static @Nullable Vma find(MmStruct mm, long address, int flags) {
    boolean next = (flags & COVERING_OR_NEXT) != 0;
    if (address < 0 || address >= mm.layout().taskSize()) {
      return null;
    }
    for (Vma area = mm.findVma(address); area != null; area = next ? area.next() : null) {
      boolean fits = (flags & FILE_BACKED) == 0 || fileOf(area) != null;
      int wanted = flags & (READABLE | WRITABLE | EXECUTABLE | SHARED);
      if (fits && (rights(area) & wanted) == wanted && (next || area.contains(address))) {
        return area;
      }
    }
    return null;
  }

  private static int rights(Vma area) {
    return (area.has(VmFlags.READ) ? READABLE : 0)
        | (area.has(VmFlags.WRITE) ? WRITABLE : 0)
        | (area.has(VmFlags.EXEC) ? EXECUTABLE : 0)
        | (area.has(VmFlags.MAYSHARE) ? SHARED : 0);
  }

  /** {@code vm_file}: what the kernel maps itself has none. */
  private static @Nullable MappedFile fileOf(Vma area) {
    MappedFile file = area.file();
    return file == null || file.isSpecialMapping() ? null : file;
  }

  private static void describe(ByteBuffer query, Vma area) {
    query.putLong(24, area.start());
    query.putLong(32, area.end());
    query.putLong(40, rights(area));
    query.putLong(48, Ram.PAGE_SIZE);
    Maps.Backing backing = Maps.Backing.of(area);
    query.putLong(56, backing.offset());
    query.putLong(64, backing.inode());
    query.putInt(72, DeviceNumber.major(backing.device()));
    query.putInt(76, DeviceNumber.minor(backing.device()));
  }

  /** {@code get_vma_name}, with its NUL; empty if there is none. */
  private static byte[] name(MmStruct mm, Vma area) {
    MappedFile file = area.file();
    String name = file == null ? Maps.name(mm, area) : file.path();
    byte[] bytes = HostNames.toBytes(name);
    return bytes.length == 0 ? bytes : Arrays.copyOf(bytes, bytes.length + 1);
  }
}
