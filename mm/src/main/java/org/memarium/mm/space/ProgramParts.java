package org.memarium.mm.space;

/**
 * Where the parts of a program lie, as execve and {@code prctl(PR_SET_MM)} say: linear addresses,
 * which nothing but {@code /proc} reads. The heap is {@link Brk}'s.
 */
public final class ProgramParts {
  private long startCode;
  private long endCode;
  private long startData;
  private long endData;
  private long startStack;
  private long argStart;
  private long argEnd;
  private long envStart;
  private long envEnd;
  private long vdso;

  ProgramParts() {}

  void copyFrom(ProgramParts parent) {
    startCode = parent.startCode;
    endCode = parent.endCode;
    startData = parent.startData;
    endData = parent.endData;
    startStack = parent.startStack;
    argStart = parent.argStart;
    argEnd = parent.argEnd;
    envStart = parent.envStart;
    envEnd = parent.envEnd;
    vdso = parent.vdso;
  }

  /** {@code start_code}, {@code end_code}, {@code start_data}, {@code end_data}. */
  public void setCodeAndData(
      long newStartCode, long newEndCode, long newStartData, long newEndData) {
    startCode = newStartCode;
    endCode = newEndCode;
    startData = newStartData;
    endData = newEndData;
  }

  /** {@code start_stack}, {@code arg_start} ... {@code env_end}. */
  public void setArguments(
      long newStartStack, long newArgStart, long newArgEnd, long newEnvStart, long newEnvEnd) {
    startStack = newStartStack;
    argStart = newArgStart;
    argEnd = newArgEnd;
    envStart = newEnvStart;
    envEnd = newEnvEnd;
  }

  /** Says where the vdso lies. */
  public void setVdso(long linearAddress) {
    vdso = linearAddress;
  }

  /** {@code start_code}: the first address of the code. */
  public long startCode() {
    return startCode;
  }

  /** {@code end_code}: behind the code. */
  public long endCode() {
    return endCode;
  }

  /** {@code start_data}: the first address of the data. */
  public long startData() {
    return startData;
  }

  /** {@code end_data}: behind the data. */
  public long endData() {
    return endData;
  }

  /** {@code start_stack}: where the stack began, with its {@code argc}. */
  public long startStack() {
    return startStack;
  }

  /** {@code arg_start}: the first byte of the arguments. */
  public long argStart() {
    return argStart;
  }

  /** {@code arg_end}: behind the arguments. */
  public long argEnd() {
    return argEnd;
  }

  /** {@code env_start}: the first byte of the environment. */
  public long envStart() {
    return envStart;
  }

  /** {@code env_end}: behind the environment. */
  public long envEnd() {
    return envEnd;
  }

  /** {@code context.vdso}: where the vdso lies; 0 if it is not mapped. */
  public long vdso() {
    return vdso;
  }
}
