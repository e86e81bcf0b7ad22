package org.memarium.kernel.procfs;

/** Settings of a process that nothing follows. */
final class TestSettings implements ProcessSettings {
  private int oomScoreAdj;
  private int oomScoreAdjMin;
  private int coredumpFilter = DEFAULT_DUMP_FILTER;
  private long timerSlackNanos = DEFAULT_TIMER_SLACK_NANOS;
  private int hugePagesDisabled;
  String comm = "";

  @Override
  public int oomScoreAdj() {
    return oomScoreAdj;
  }

  @Override
  public void setOomScoreAdj(int value, boolean isRoot) {
    oomScoreAdj = value;
    oomScoreAdjMin = isRoot ? value : oomScoreAdjMin;
  }

  @Override
  public int oomScoreAdjMin() {
    return oomScoreAdjMin;
  }

  @Override
  public int coredumpFilter() {
    return coredumpFilter;
  }

  @Override
  public void setCoredumpFilter(int bits) {
    coredumpFilter = bits;
  }

  @Override
  public int hugePagesDisabled() {
    return hugePagesDisabled;
  }

  @Override
  public void setHugePagesDisabled(int bits) {
    hugePagesDisabled = bits;
  }

  @Override
  public long timerSlackNanos() {
    return timerSlackNanos;
  }

  @Override
  public void setTimerSlackNanos(long nanos) {
    timerSlackNanos = nanos == 0 ? DEFAULT_TIMER_SLACK_NANOS : nanos;
  }

  @Override
  public void setComm(String name) {
    comm = name;
  }
}
