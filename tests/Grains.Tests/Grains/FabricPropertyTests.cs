using Nexus.Contracts;
using Nexus.FabricHarness;
using Nexus.Grains.Tests.Rig;
using Nexus.Link;
using Nexus.TestKit.Nodes;

namespace Nexus.Grains.Tests.Grains;

/// <summary>
/// Clients come and go while commands are dropped, doubled and reordered, reports are lost, links are cut, nodes restart and silos
/// die. When the trouble is over, what the nodes have is what participants and rooms say, and nothing else.
/// </summary>
public sealed class FabricPropertyTests
{
    private const int Steps = 60;

    /// <summary>A seed is a second or two. NEXUS_LONG=1 is the long run of <c>./nexus test --long</c>.</summary>
    private static readonly int SeedCount = Environment.GetEnvironmentVariable("NEXUS_LONG") == "1" ? 400 : 80;

    public static TheoryData<int> Seeds => [.. Enumerable.Range(0, SeedCount)];

    [Theory]
    [MemberData(nameof(Seeds))]
    public async Task After_any_trouble_actual_equals_desired(int seed)
    {
        await using Run run = await Run.StartAsync(seed);
        try
        {
            for (int step = 0; step < Steps; step++)
            {
                await run.Step();
            }

            await run.Heal();
        }
        catch (Exception e)
        {
            Assert.Fail($"seed {seed}: {e.Message}\n{run.Trace}\n{e}");
        }
    }

    private sealed class Run : IAsyncDisposable
    {
        private static readonly string[] Identities = ["alice", "bob", "carol"];
        private static readonly string[] Rooms = ["r1", "r2"];

        private static readonly Fate[] Fates = Enum.GetValues<Fate>();

        private readonly Random _random;
        private readonly GrainRig _rig;
        private readonly List<FakeNode> _nodes = [];
        private readonly HashSet<FakeNode> _unlinked = [];
        private readonly List<string> _trace = [];

        private Run(int seed, GrainRig rig) => (_random, _rig) = (new Random(seed), rig);

        /// <summary>What was done, line by line.</summary>
        public string Trace => string.Join('\n', _trace);

        public static async Task<Run> StartAsync(int seed)
        {
            var run = new Run(seed, await GrainRig.StartAsync(null, "local", "local"));
            run._nodes.Add(await run._rig.AddNodeAsync("ND_1"));
            run._nodes.Add(await run._rig.AddNodeAsync("ND_2"));
            run._nodes.ForEach(run.Trouble);
            return run;
        }

        /// <summary>Does one thing, and waits until all that comes of it is done.</summary>
        public async Task Step()
        {
            try
            {
                await (_random.Next(20) switch
                {
                    < 5 => Join(),
                    < 7 => Leave(),
                    < 8 => Act("remove", (participant, _, _) => participant.Remove(ReasonCodes.Removed)),
                    < 10 => Act("mute", (participant, session, _) => participant.Mute($"TR_{session}_video", _random.Next(2) == 0)),
                    < 11 => Act("restart ICE of", (participant, session, _) => participant.RestartIce(session, new IceRestart(_random.Next(1, 5), "u", "p"))),
                    < 14 => ClientChanges(),
                    < 15 => Late(),
                    < 16 => Deaf(),
                    < 17 => Passes(TimeSpan.FromSeconds(_random.Next(1, 4))),
                    < 18 => LinkChanges(),
                    < 19 => _random.Next(3) == 0 ? NodeRestarts() : Task.CompletedTask,
                    _ => _random.Next(3) == 0 ? SiloDies() : Task.CompletedTask,
                });
            }
            catch (Exception e) when (e is OrleansException or TimeoutException)
            {
                _trace.Add($"  … failed: {e.GetType().Name}"); // callers are told, and may try again
            }

            await _rig.Fabric.QuietAsync();
        }

        /// <summary>The trouble is over: links are up and sound, words arrive. Throws when what is does not become what should be.</summary>
        public async Task Heal()
        {
            _rig.IsDeaf = false;
            foreach (FakeNode node in _nodes)
            {
                if (_unlinked.Remove(node))
                {
                    await _rig.LinkAsync(node);
                }

                _rig.PortOf(node).Fates = () => Fate.Arrives;
                await _rig.PortOf(node).DeliverLateAsync();
            }

            // past every deadline: connecting, grace, leases
            await Passes(TimeSpan.FromSeconds(70));
            string? wrong = "";
            for (int i = 0; i < 30 && wrong is not null; i++)
            {
                await Passes(TimeSpan.FromSeconds(3));
                wrong = await Verdict();
            }

            Assert.True(wrong is null, wrong);
        }

        public ValueTask DisposeAsync() => _rig.DisposeAsync();

        /// <summary>Null when every view of the world is the same.</summary>
        private async Task<string?> Verdict()
        {
            foreach (string room in Rooms)
            {
                var sessions = _nodes
                    .SelectMany(n => n.Actual.Select(a => (Node: n.Id, Session: a.Key, Desired: a.Value)))
                    .Where(s => s.Desired.RoomKey == Keys.Room(Keys.AnyZone, GrainRig.Tenant, room)).ToList();
                string[] actual = [.. sessions.Select(s => s.Desired.Identity).Distinct().Order()];
                string[] roster = await _rig.RosterAsync(room);
                if (!actual.SequenceEqual(roster))
                {
                    return $"{room}: the nodes have [{string.Join(' ', sessions.Select(s => $"{s.Desired.Identity}:{s.Session}@{s.Node}"))}], the roster has [{string.Join(' ', roster)}]";
                }

                foreach (string identity in Identities)
                {
                    var own = sessions.Where(s => s.Desired.Identity == identity).ToList();
                    if (await Differs(room, identity, [.. own.Select(o => (o.Session, o.Desired))]) is { } difference)
                    {
                        return $"{room}/{identity}: {difference}";
                    }
                }
            }

            return null;
        }

        private async Task<string?> Differs(string room, string identity, List<(string Session, SessionDesired Desired)> own)
        {
            ParticipantView? view = await _rig.Participant(identity, room).Describe();
            if (view is null || own.Count == 0)
            {
                return view is null == (own.Count == 0) ? null : $"the participant says {view?.State.ToString() ?? "nothing"}, the nodes have {own.Count} sessions";
            }

            if (own.Select(o => o.Desired.Leg).Distinct().Count() != own.Count || (own.Count > 1 && own.Any(o => o.Desired.Leg == SessionLeg.Duplex)))
            {
                return $"legs {string.Join(' ', own.Select(o => o.Desired.Leg))} at once";
            }

            string[] tracks = [.. own.Where(o => o.Desired.CanPublish).SelectMany(o => o.Desired.Offer!.Sdp.Split(',')
                .Select(kind => $"TR_{o.Session}_{kind}").Select(sid => $"{sid} {o.Desired.MutedTracks.Contains(sid)}")).Order()];
            string[] said = [.. view.Tracks.Select(t => $"{t.Sid} {t.Muted}").Order()];
            if (!tracks.SequenceEqual(said))
            {
                return $"the nodes have tracks [{string.Join(", ", tracks)}], the participant says [{string.Join(", ", said)}]";
            }

            return null;
        }

        private async Task Join()
        {
            (string identity, string room) = (Pick(Identities), Pick(Rooms));
            SessionLeg leg = Pick(Enum.GetValues<SessionLeg>());
            string session = _rig.NewSession();
            _trace.Add($"{identity} joins {room} as {leg} with {session}");
            JoinResult result = await _rig.Participant(identity, room).Join(_rig.Request(session, leg, _random.Next(8) == 0 ? "bad" : "audio,video"));
            _trace.Add($"  … {result.Error?.Code ?? "on " + result.Node}");
            if (result.Error is null && _random.Next(4) > 0 && _nodes.Find(n => n.Actual.ContainsKey(session)) is { } node)
            {
                node.SetState(session, SessionState.Connected);
            }
        }

        private Task Leave() => Act("leave", (participant, session, _) => participant.Leave(session, ReasonCodes.ClientLeft));

        private Task ClientChanges() => Act("client changes", (_, session, node) =>
        {
            SessionState state = Pick([SessionState.Connected, SessionState.Connected, SessionState.Disconnected, SessionState.Closed]);
            _trace.Add($"  … {state}");
            node.SetState(session, state, state == SessionState.Closed ? ReasonCodes.ClientLeft : null);
            return Task.CompletedTask;
        });

        private Task Act(string what, Func<IParticipantGrain, string, FakeNode, Task> act)
        {
            var all = _nodes.SelectMany(n => n.Actual.Select(a => (Node: n, Session: a.Key, Desired: a.Value))).OrderBy(a => a.Session, StringComparer.Ordinal).ToArray();
            if (all.Length == 0)
            {
                return Task.CompletedTask;
            }

            (FakeNode node, string session, SessionDesired desired) = Pick(all);
            _trace.Add($"{what} {desired.Identity} in {RoomKey.Parse(desired.RoomKey).Room}, {session} on {node.Id}");
            return act(_rig.Grains.GetGrain<IParticipantGrain>(desired.ParticipantKey), session, node);
        }

        private async Task Late()
        {
            if (Pick(_nodes) is var node && !_unlinked.Contains(node))
            {
                _trace.Add($"late commands reach {node.Id}");
                await _rig.PortOf(node).DeliverLateAsync();
            }
        }

        private Task Deaf()
        {
            _rig.IsDeaf = !_rig.IsDeaf;
            _trace.Add(_rig.IsDeaf ? "reports and digests are lost from now on" : "reports and digests arrive again");
            return Task.CompletedTask;
        }

        private async Task LinkChanges()
        {
            FakeNode node = Pick(_nodes);
            if (_unlinked.Remove(node))
            {
                _trace.Add($"{node.Id} is linked again");
                await _rig.LinkAsync(node);
                Trouble(node);
            }
            else
            {
                _trace.Add($"{node.Id} loses its link");
                _unlinked.Add(node);
                await _rig.UnlinkAsync(node);
            }
        }

        private async Task NodeRestarts()
        {
            FakeNode node = Pick(_nodes);
            _trace.Add($"{node.Id} restarts");
            node.Restart();
            if (!_unlinked.Contains(node))
            {
                await _rig.LinkAsync(node);
                Trouble(node);
            }
        }

        private async Task SiloDies()
        {
            FabricSilo silo = Pick(_rig.Fabric.Silos);
            _trace.Add($"silo {silo.Name} dies");
            await _rig.Fabric.StartSiloAsync("local");
            await _rig.KillSiloAsync(silo);
        }

        private Task Passes(TimeSpan time)
        {
            _trace.Add($"{time.TotalSeconds} s pass");
            return _rig.PassAsync(time);
        }

        private void Trouble(FakeNode node)
        {
            var random = new Random(_random.Next());
            _rig.PortOf(node).Fates = () =>
            {
                lock (random)
                {
                    return random.Next(3) == 0 ? Fates[random.Next(Fates.Length)] : Fate.Arrives;
                }
            };
        }

        private T Pick<T>(IReadOnlyList<T> all) => all[_random.Next(all.Count)];
    }
}
