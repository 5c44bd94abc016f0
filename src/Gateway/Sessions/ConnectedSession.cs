using Nexus.Contracts;
using Nexus.Gateway.Auth;
using Nexus.Link;

namespace Nexus.Gateway.Sessions;

/// <summary>
/// One client over one connection: the signalling that all protocols share. Commands go to <see cref="ClientSession"/>; what comes back
/// without being asked for is put into order here (early news wait for the reply that makes sense of them, late ones are dropped) and
/// goes to the protocol's <see cref="ISessionWire"/>. Commands one at a time; the grains' words come from any thread.
/// </summary>
internal sealed partial class ConnectedSession(SessionServices services, ISessionWire wire) : ISessionListener
{
    private readonly Lock _gate = new();
    private readonly List<SessionNews> _early = [];
    private ClientSession? _main;
    private ClientSession? _player;
    private RoomFeed? _feed;
    private string? _heldCall;
    private long _version;
    private long _playersVersion;
    private bool _isMoving;
    private bool _isLeaving;
    private bool _isOver;

    /// <summary>As far as is known here, the participant's grain takes this connection to be there.</summary>
    private bool _isHeld;

    /// <summary>It has a session, or is about to.</summary>
    public bool HasBegun => _main is not null;

    /// <summary>It has joined, and the client has heard so.</summary>
    public bool IsOpen { get; private set; }

    /// <summary>Who it is; null before it has entered. After a move, for the other room.</summary>
    public Caller? Caller { get; private set; }

    public string Room => Caller?.Grants.Room ?? "";

    public string ParticipantSid { get; private set; } = "";

    public string? Node { get; private set; }

    /// <summary>What the client may do: as its token says, until an admin says otherwise.</summary>
    public Grants Grants { get; private set; } = new();

    /// <summary>The newest offer of the client's that was answered; 0 before the first.</summary>
    public int Answered { get; private set; }

    /// <summary>The session that the client joined with.</summary>
    public ClientSession Main => _main!;

    /// <summary>The one that it plays on: the same, or one beside it where the server offers.</summary>
    public ClientSession Player => _player!;

    public RoomFeed Feed => _feed!;

    public IParticipantGrain Participant => Main.Participant;

    public string Region => Main.Site.Region;

    /// <summary>The client's token over again, for the room that it is in, with what it may do now.</summary>
    public string FreshToken() => TokenMinter.Again(Caller!, Room, services.Clock.GetUtcNow(), Grants);

    /// <summary>Does what the client asked for, or what follows from it. A failure is told to this client, and only to it.</summary>
    /// <param name="what">For the log.</param>
    public async Task Try(Func<Task> act, string what, Action<LinkError> refuse)
    {
        try
        {
            await act();
        }
        catch (RegionAwayException e)
        {
            refuse(new(ReasonCodes.Unavailable, $"This cannot be served now: {e.Message}."));
        }
        catch (Exception e) when (e is TimeoutException or Orleans.Runtime.OrleansException)
        {
            refuse(new(ReasonCodes.Unavailable, "Nobody can serve this now: try again."));
        }
        catch (Exception e) when (e is not OperationCanceledException)
        {
            services.Log.RequestFailed(e, what);
            refuse(new(ReasonCodes.Internal, "The server failed; its log says why."));
        }
    }

    /// <summary>The protocol's own last word, unless one was said: nothing is told after it.</summary>
    public void End(Action say)
    {
        lock (_gate)
        {
            if (!_isOver)
            {
                _isOver = true;
                say();
            }
        }
    }

    /// <summary>The connection is gone: the session stays for its time of grace, unless it is over or another connection has it.</summary>
    public async Task Close()
    {
        if (_main is null)
        {
            return;
        }

        foreach (ClientSession session in Sessions)
        {
            if (services.Port.Detach(session.Id, this) && _isHeld)
            {
                services.Port.LetGo(session);
            }
        }

        if (_feed is { } feed)
        {
            feed.Unsubscribe(wire);
            await services.Port.Rooms.Release(feed);
        }
    }

    private ClientSession[] Sessions => _main!.Id == _player!.Id ? [_main] : [_main, _player];
}
