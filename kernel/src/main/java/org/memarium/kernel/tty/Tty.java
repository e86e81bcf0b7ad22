package org.memarium.kernel.tty;

import java.io.ByteArrayOutputStream;
import java.util.Arrays;
import org.memarium.kernel.wait.Restart;
import org.memarium.kernel.wait.SleepingCall;
import org.memarium.kernel.wait.WaitQueue;
import org.memarium.mm.Errno;

/**
 * {@code struct tty_struct}: a terminal, as programs have it open: its settings, its size, whose
 * session it controls, and which process group is in the foreground; Linux {@code
 * drivers/tty/tty_io.c}, {@code tty_jobctrl.c}.
 */
public final class Tty {
  static final int SIGHUP = 1;
  static final int SIGINT = 2;
  static final int SIGQUIT = 3;
  static final int SIGCONT = 18;
  static final int SIGTSTP = 20;
  static final int SIGTTIN = 21;
  static final int SIGTTOU = 22;
  static final int SIGWINCH = 28;

  private static final long WOULD_BLOCK = SleepingCall.ASLEEP;
  private static final int WINSIZE_BYTES = 8;

  /** Output is prepared in pieces of so many bytes. */
  private static final int OUTPUT_BYTES = 2048;

  private static final long NANOS_PER_TENTH = 100_000_000L;

  private final JobControl jobs;
  private final Termios termios;
  private final LineDiscipline discipline;
  private final TtyOutput output;
  private final byte[] winsize = new byte[WINSIZE_BYTES];

  // ---- Job control: 0 is none ----
  private int session;
  private int foreground;

  /** IXON: output stands still. */
  private boolean stopped;

  private boolean hungUp;

  /** Of a pseudo-terminal, whether its master is closed. */
  private boolean otherClosed;

  /** {@code read_wait}, {@code write_wait}. */
  private final WaitQueue readWait = new WaitQueue();

  private final WaitQueue writeWait = new WaitQueue();

  /** Called when a reader has made room for input. */
  private Runnable roomMade = () -> {};

  Tty(JobControl jobs, Termios termios, TtyOutput output) {
    this.jobs = jobs;
    this.termios = termios;
    this.output = output;
    this.discipline = new LineDiscipline(termios, this);
  }

  void onRoom(Runnable action) {
    roomMade = action;
  }

  // ---- What the line discipline asks ----

  boolean isStopped() {
    return stopped;
  }

  void stop() {
    stopped = true;
  }

  void start() {
    stopped = false;
    discipline.processEchoes();
    writeWait.wakeUp(0, Integer.MAX_VALUE);
  }

  void signalForeground(int signal) {
    if (foreground != 0) {
      jobs.signalGroup(foreground, signal);
    }
  }

  void inputArrived() {
    readWait.wakeUp(0, Integer.MAX_VALUE);
  }

  void putOutput(byte[] bytes, int offset, int count) {
    output.put(bytes, offset, Math.min(count, output.room()));
  }

  void outputHasRoom() {
    writeWait.wakeUp(0, Integer.MAX_VALUE);
  }

  // ---- The other side ----

  /**
   * Bytes come from the keyboard, or from the master.
   *
   * @return how many were taken
   */
  int receive(byte[] bytes, int offset, int count) {
    int done = 0;
    while (done < count && discipline.room() > 0) {
      discipline.receive(bytes[offset + done]);
      done++;
    }
    return done;
  }

  int room() {
    return discipline.room();
  }

  /** {@code __tty_hangup}: the line is gone. */
  void hangUp() {
    hungUp = true;
    if (session != 0) {
      jobs.signalLeader(session, SIGHUP);
      jobs.signalLeader(session, SIGCONT);
      jobs.clearTerminal(session);
      if (foreground != 0) {
        jobs.signalGroup(foreground, SIGHUP);
      }
    }
    session = 0;
    foreground = 0;
    discipline.flushInput();
    readWait.wakeUpAll();
    writeWait.wakeUpAll();
  }

  void otherClosed(boolean closed) {
    otherClosed = closed;
    readWait.wakeUpAll();
    writeWait.wakeUpAll();
  }

  /** Where readers wait. */
  public WaitQueue readWait() {
    return readWait;
  }

  /** Where writers wait. */
  public WaitQueue writeWait() {
    return writeWait;
  }

  // ---- Reading and writing ----

  /** {@code __tty_check_change}: who is in the background is stopped; 0, or {@code -errno}. */
  private long checkForeground(int signal) {
    boolean own = equals(jobs.terminal());
    if (!own || foreground == 0 || foreground == jobs.processGroup()) {
      return 0;
    }
    if (jobs.isBlockedOrIgnored(signal)) {
      return signal == SIGTTIN ? -Errno.EIO : 0;
    }
    if (jobs.isOrphaned()) {
      return -Errno.EIO;
    }
    jobs.signalGroup(jobs.processGroup(), signal);
    return -Restart.SYS;
  }

  /**
   * {@code n_tty_read} without its waiting.
   *
   * @return bytes, 0 at the end, {@link SleepingCall#ASLEEP}, {@code -errno}
   */
  public long read(byte[] to, int offset, int count) {
    long background = checkForeground(SIGTTIN);
    if (background != 0) {
      return background;
    }
    if (count == 0) {
      return 0;
    }
    if (isReady(count)) {
      int bytes = discipline.read(to, offset, count);
      roomMade.run();
      return bytes;
    }
    if (hungUp) {
      return 0;
    }
    if (otherClosed) {
      return -Errno.EIO;
    }
    boolean canonical = termios.isLocal(Termios.ICANON);
    boolean never =
        !canonical && termios.character(Termios.VMIN) == 0 && termios.character(Termios.VTIME) == 0;
    return never ? 0 : WOULD_BLOCK;
  }

  private boolean isReady(int count) {
    if (!discipline.isInputAvailable(false)) {
      return false;
    }
    int minimum = termios.character(Termios.VMIN);
    boolean timed = termios.character(Termios.VTIME) > 0;
    return termios.isLocal(Termios.ICANON)
        || timed
        || discipline.inputBytes() >= Math.min(minimum, count);
  }

  /** VTIME without VMIN: how long a read waits for a byte; 0: as long as it takes. */
  public long readTimeoutNanos() {
    boolean timed = !termios.isLocal(Termios.ICANON) && termios.character(Termios.VMIN) == 0;
    return timed ? termios.character(Termios.VTIME) * NANOS_PER_TENTH : 0;
  }

  /**
   * {@code n_tty_write} without its waiting.
   *
   * @return bytes, at least 1; {@link SleepingCall#ASLEEP}; {@code -errno}
   */
  public long write(byte[] from, int offset, int count) {
    if (termios.isLocal(Termios.TOSTOP)) {
      long background = checkForeground(SIGTTOU);
      if (background != 0) {
        return background;
      }
    }
    if (hungUp || otherClosed) {
      return -Errno.EIO;
    }
    discipline.processEchoes();
    int done = 0;
    ByteArrayOutputStream out = new ByteArrayOutputStream();
    while (done < count && !stopped) {
      // One byte may become eight: a tab.
      int most = Math.min(OUTPUT_BYTES, output.room() / 8);
      int piece = Math.min(count - done, most);
      if (piece == 0) {
        break;
      }
      out.reset();
      for (int i = 0; i < piece; i++) {
        discipline.post(from[offset + done + i] & 0xff, out);
      }
      output.put(out.toByteArray(), 0, out.size());
      done += piece;
    }
    return done > 0 || count == 0 ? done : WOULD_BLOCK;
  }

  /** FIONREAD. */
  public int bytesToRead() {
    return discipline.inputBytes();
  }

  /** Whether a read has something, or ends at once. */
  public boolean isReadable() {
    return discipline.isInputAvailable(true) || hungUp || otherClosed;
  }

  /** Whether a write takes something. */
  public boolean isWritable() {
    return !stopped && output.room() >= OUTPUT_BYTES / 8;
  }

  /** Whether nobody is at the other end any more. */
  public boolean isClosed() {
    return hungUp || otherClosed;
  }

  // ---- Settings ----

  /** The settings in force. */
  public Termios termios() {
    return termios;
  }

  /**
   * tcsetattr.
   *
   * @param raw {@code struct termios} or {@code struct termios2}
   * @param flush whether what was typed is forgotten
   * @return 0 or {@code -errno}
   */
  public long setTermios(byte[] raw, boolean flush) {
    long background = checkForeground(SIGTTOU);
    if (background != 0) {
      return background;
    }
    boolean wasCanonical = termios.isLocal(Termios.ICANON);
    if (flush) {
      discipline.flushInput();
    }
    termios.fromBytes(raw);
    discipline.modeChanged(wasCanonical);
    if (stopped && !termios.isInput(Termios.IXON)) {
      start();
    }
    // Who waited for a line may have bytes now.
    readWait.wakeUpAll();
    return 0;
  }

  /** {@code struct winsize}: rows, columns, and two numbers of pixels, 16 bits each. */
  public byte[] winsize() {
    return winsize.clone();
  }

  /** {@code tty_do_resize}: another size is told to the foreground. */
  public void setWinsize(byte[] size) {
    if (!Arrays.equals(size, winsize)) {
      System.arraycopy(size, 0, winsize, 0, WINSIZE_BYTES);
      signalForeground(SIGWINCH);
    }
  }

  /** The same, by rows and columns. */
  public void setSize(int rows, int columns) {
    setWinsize(
        new byte[] {
          (byte) rows, (byte) (rows >> 8), (byte) columns, (byte) (columns >> 8), 0, 0, 0, 0
        });
  }

  /** tcflush: TCIFLUSH 0, TCOFLUSH 1, TCIOFLUSH 2. */
  public long flush(int queue) {
    long background = checkForeground(SIGTTOU);
    if (background != 0) {
      return background;
    }
    if (queue < 0 || queue > 2) {
      return -Errno.EINVAL;
    }
    if (queue != 1) {
      discipline.flushInput();
      roomMade.run();
    }
    return 0;
  }

  /** tcflow: TCOOFF 0, TCOON 1; TCIOFF 2 and TCION 3 have nobody to stop here. */
  public long flow(int action) {
    long background = checkForeground(SIGTTOU);
    if (background != 0) {
      return background;
    }
    switch (action) {
      case 0 -> stop();
      case 1 -> start();
      case 2, 3 -> {}
      default -> {
        return -Errno.EINVAL;
      }
    }
    return 0;
  }

  /** TIOCSTI: as if a byte were typed. */
  public long simulateInput(byte typed) {
    if (!equals(jobs.terminal()) && !jobs.isPrivileged()) {
      return -Errno.EPERM;
    }
    receive(new byte[] {typed}, 0, 1);
    return 0;
  }

  // ---- Job control ----

  /** {@code proc_set_tty}: becomes the controlling terminal of the caller's session. */
  public void control() {
    session = jobs.session();
    foreground = jobs.processGroup();
    jobs.setTerminal(this);
  }

  /** A session leader without a terminal opens it: it becomes its controlling terminal. */
  public void openedBy(boolean noControl) {
    if (!noControl && jobs.isSessionLeader() && jobs.terminal() == null && session == 0) {
      control();
    }
  }

  /** TIOCSCTTY. */
  public long setControlling(boolean steal) {
    if (jobs.isSessionLeader() && jobs.session() == session) {
      return 0;
    }
    if (!jobs.isSessionLeader() || jobs.terminal() != null) {
      return -Errno.EPERM;
    }
    if (session != 0) {
      if (!steal || !jobs.isPrivileged()) {
        return -Errno.EPERM;
      }
      jobs.clearTerminal(session);
    }
    control();
    return 0;
  }

  /** TIOCNOTTY. */
  public long giveUp() {
    if (!equals(jobs.terminal())) {
      return -Errno.ENOTTY;
    }
    disassociate(jobs);
    return 0;
  }

  /**
   * {@code disassociate_ctty}: the caller loses its controlling terminal; if it leads its session,
   * so do all of that, and the foreground is told.
   */
  public static void disassociate(JobControl jobs) {
    Tty tty = jobs.terminal();
    if (tty == null) {
      return;
    }
    if (!jobs.isSessionLeader()) {
      jobs.setTerminal(null);
      return;
    }
    if (tty.foreground != 0) {
      jobs.signalGroup(tty.foreground, SIGHUP);
      jobs.signalGroup(tty.foreground, SIGCONT);
    }
    jobs.clearTerminal(tty.session);
    tty.session = 0;
    tty.foreground = 0;
  }

  /** TIOCSIG: as if the character of SIGINT, SIGQUIT or SIGTSTP were typed. */
  public long signal(int signal) {
    if (signal != SIGINT && signal != SIGQUIT && signal != SIGTSTP) {
      return -Errno.EINVAL;
    }
    signalForeground(signal);
    return 0;
  }

  /** Controls a session that comes from outside of the machine. */
  public void control(int sessionFromOutside, int group) {
    session = sessionFromOutside;
    foreground = group;
  }

  /** The session that it controls, or 0. */
  public int session() {
    return session;
  }

  /** The process group in the foreground, or 0. */
  public int foreground() {
    return foreground;
  }

  /** TIOCGPGRP: the foreground group, or {@code -ENOTTY}. */
  public long foregroundForCaller() {
    return equals(jobs.terminal()) ? foreground : -Errno.ENOTTY;
  }

  /** TIOCGSID: the session, or {@code -ENOTTY}. */
  public long sessionForCaller() {
    return equals(jobs.terminal()) && session != 0 ? session : -Errno.ENOTTY;
  }

  /** TIOCSPGRP. */
  public long setForeground(int group) {
    long background = checkForeground(SIGTTOU);
    if (background == -Errno.EIO) {
      return -Errno.ENOTTY;
    }
    if (background != 0) {
      return background;
    }
    if (!equals(jobs.terminal()) || session != jobs.session()) {
      return -Errno.ENOTTY;
    }
    if (group < 0) {
      return -Errno.EINVAL;
    }
    if (!jobs.hasGroup(group)) {
      return -Errno.ESRCH;
    }
    if (!jobs.isInSession(group, session)) {
      return -Errno.EPERM;
    }
    foreground = group;
    return 0;
  }

  @Override
  public String toString() {
    return "terminal of session " + session;
  }
}
