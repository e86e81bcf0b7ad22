package org.memarium.kernel.syscall;

import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import org.memarium.kernel.process.UtsName;
import org.memarium.kernel.wait.SleepingCall;
import org.memarium.mm.Errno;

/** What the machine says of itself: {@code uname}, {@code sysinfo}, random numbers. */
final class SystemInfoCalls {
  private static final int PER_MASK = 0xff;
  private static final int PER_LINUX32 = 8;
  private static final int GRND_NONBLOCK = 1;
  private static final int GRND_RANDOM = 2;
  private static final int GRND_INSECURE = 4;
  private static final int OLD_FIELD_BYTES = 65;
  private static final int OLDEST_FIELD_BYTES = 9;
  private static final int OLDEST_TEXT_BYTES = 8;
  private static final int RANDOM_CHUNK = 4096;

  private final Kernel kernel;

  SystemInfoCalls(Kernel kernel) {
    this.kernel = kernel;
  }

  void enter(SystemCallTable table) {
    table.set("uname", this::uname);
    table.set("olduname", (int to) -> oldUname(to, OLD_FIELD_BYTES, OLD_FIELD_BYTES));
    table.set("oldolduname", (int to) -> oldUname(to, OLDEST_FIELD_BYTES, OLDEST_TEXT_BYTES));
    table.set("sysinfo", this::sysinfo);
    table.set("getrandom", this::getrandom);
    table.set("getcpu", this::getcpu);
  }

  private long uname(int to) {
    String[] fields = fields();
    ByteBuffer out = ByteBuffer.allocate(fields.length * UtsName.FIELD_BYTES);
    for (int i = 0; i < fields.length; i++) {
      out.put(i * UtsName.FIELD_BYTES, fields[i].getBytes(StandardCharsets.US_ASCII));
    }
    kernel.memory().write(Integer.toUnsignedLong(to), out.array());
    return 0;
  }

  /**
   * {@code struct old_utsname}, {@code struct oldold_utsname}: no domain, shorter fields.
   *
   * @param textBytes of a field that are used at most
   */
  private long oldUname(int to, int fieldBytes, int textBytes) {
    if (to == 0) {
      return -Errno.EFAULT;
    }
    String[] fields = fields();
    ByteBuffer out = ByteBuffer.allocate((fields.length - 1) * fieldBytes);
    for (int i = 0; i < fields.length - 1; i++) {
      byte[] text = fields[i].getBytes(StandardCharsets.US_ASCII);
      out.put(i * fieldBytes, text, 0, Math.min(text.length, textBytes));
    }
    kernel.memory().write(Integer.toUnsignedLong(to), out.array());
    return 0;
  }

  private String[] fields() {
    UtsName name = kernel.uname();
    boolean linux32 = (kernel.task().attributes().personality() & PER_MASK) == PER_LINUX32;
    return new String[] {
      name.sysname(),
      name.nodename(),
      name.release(),
      name.version(),
      linux32 ? "i686" : name.machine(),
      name.domainname()
    };
  }

  /**
   * <pre>
   *   0        4       16         20        24          28          32          36         40      44
   *  +--------+-------+----------+---------+-----------+-----------+-----------+----------+-------+-----------+
   *  | uptime | loads | totalram | freeram | sharedram | bufferram | totalswap | freeswap | procs | totalhigh |
   *  +--------+-------+----------+---------+-----------+-----------+-----------+----------+-------+-----------+
   *   48 freehigh, 52 mem_unit                                                        64 in all
   * </pre>
   */
  private long sysinfo(int to) {
    Kernel.MemoryStatistics memory = kernel.statistics();
    // Bytes, unless RAM or swap has more of them than fit in 32 bits.
    long most = Math.max(memory.totalRamBytes(), memory.totalSwapBytes());
    int unit = most > 0xffff_ffffL ? 4096 : 1;
    ByteBuffer out = ByteBuffer.allocate(64).order(ByteOrder.LITTLE_ENDIAN);
    out.putInt(0, (int) (kernel.clock().uptimeNanos() / TimeFormat.NANOS));
    out.putInt(16, (int) (memory.totalRamBytes() / unit));
    out.putInt(20, (int) (memory.freeRamBytes() / unit));
    out.putInt(32, (int) (memory.totalSwapBytes() / unit));
    out.putInt(36, (int) (memory.freeSwapBytes() / unit));
    out.putShort(40, (short) 1);
    out.putInt(44, (int) (memory.totalHighBytes() / unit));
    out.putInt(48, (int) (memory.freeHighBytes() / unit));
    out.putInt(52, unit);
    kernel.memory().write(Integer.toUnsignedLong(to), out.array());
    return 0;
  }

  private long getrandom(int to, int count, int flags) {
    if ((flags & ~(GRND_NONBLOCK | GRND_RANDOM | GRND_INSECURE)) != 0
        || (flags & (GRND_RANDOM | GRND_INSECURE)) == (GRND_RANDOM | GRND_INSECURE)) {
      return -Errno.EINVAL;
    }
    long at = Integer.toUnsignedLong(to);
    long bytes = Math.min(Integer.toUnsignedLong(count), Integer.MAX_VALUE);
    if (!kernel.memory().isUserRange(at, bytes)) {
      return -Errno.EFAULT;
    }
    GetRandom call = new GetRandom(at, bytes);
    long result = call.tryAgain();
    if (result == SleepingCall.GOES_ON) {
      kernel.task().sleep().begin(call);
    }
    return result;
  }

  /** {@code get_random_bytes_user}. */
  private final class GetRandom implements SleepingCall {
    private final long to;
    private final long bytes;
    private long done;

    GetRandom(long to, long bytes) {
      this.to = to;
      this.bytes = bytes;
    }

    @Override
    public long tryAgain() {
      byte[] buffer = new byte[RANDOM_CHUNK];
      long pause = done + FileTransfer.STEP_BYTES;
      while (done < bytes) {
        if (done >= pause) {
          return GOES_ON;
        }
        int chunk = (int) Math.min(RANDOM_CHUNK, bytes - done);
        kernel.vfs().random(buffer, 0, chunk);
        int copied = kernel.memory().copyToUser(to + done, buffer, 0, chunk);
        done += copied;
        if (copied < chunk) {
          return done > 0 ? done : -Errno.EFAULT;
        }
      }
      return done;
    }

    @Override
    public long interrupted() {
      return done;
    }

    @Override
    public String what() {
      return "getrandom";
    }
  }

  /** One processor, one node. */
  private long getcpu(int cpu, int node) {
    if (cpu != 0) {
      kernel.memory().writeInt(Integer.toUnsignedLong(cpu), 0);
    }
    if (node != 0) {
      kernel.memory().writeInt(Integer.toUnsignedLong(node), 0);
    }
    return 0;
  }
}
