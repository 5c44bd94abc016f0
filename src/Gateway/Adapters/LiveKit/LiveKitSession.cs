using Nexus.Contracts;
using Nexus.Gateway.Adapters.LiveKit.Mapping;
using Nexus.Gateway.Adapters.LiveKit.Messages;
using Nexus.Gateway.Sessions;

namespace Nexus.Gateway.Adapters.LiveKit;

/// <summary>
/// One client's session over its connection: translates messages to <see cref="ClientSession"/> and what comes back to messages.
/// Messages are handled one at a time; the grains' words come from any thread and are only queued.
/// </summary>
internal sealed partial class LiveKitSession(LiveKitConnection connection, SocketServices services, Entrance enters) : ISessionListener, IRoomListener
{
    /// <summary>A client's token is replaced well before the new one expires.</summary>
    private static readonly TimeSpan RefreshInterval = TimeSpan.FromMinutes(5);

    private readonly Lock _gate = new();
    private readonly List<SessionNews> _early = [];
    private Entrance _entrance = enters;
    private ClientSession? _session;

    /// <summary>The session that it plays on: the same, or one beside it where the server offers.</summary>
    private ClientSession? _player;
    private RoomFeed? _feed;
    private ITimer? _tokens;
    private PublicationBook _publications = PublicationBook.Empty;
    private string _participantSid = "";
    private int _answered;
    private bool _isOpen;
    private bool _isOver;

    public IParticipantGrain Participant => _session!.Participant;

    /// <summary>Joins or resumes: what the client asked for as it connected.</summary>
    public Task Begin() => Try(() => _entrance.Request.Reconnect ? Resume() : Join(), isFatal: true);

    /// <summary>One message of the client's. A failure is told to this client, and only to it.</summary>
    public Task Handle(SignalRequest message) => _isOpen ? Try(() => HandleJoined(message), isFatal: false) : Task.CompletedTask;

    /// <summary>Ends it by name: the client says what cannot be understood or served.</summary>
    public void Refuse(string code)
    {
        CountRefusal(code);
        SayLeave(code);
    }

    /// <summary>The connection is gone: the session stays for its time of grace, unless the client left or another connection has it.</summary>
    public async Task Close()
    {
        await (_tokens?.DisposeAsync() ?? default);
        if (_session is null)
        {
            return;
        }

        bool isOwn = services.Port.Detach(_session.Id, this) & (!_entrance.IsDual || services.Port.Detach(_player!.Id, this));
        try
        {
            if (_feed is { } feed)
            {
                feed.Unsubscribe(this);
                await services.Port.Rooms.Release(feed, services.Control.Room(_entrance.Caller.Tenant, _entrance.Room));
            }

            if (isOwn && _isOpen && !_isOver)
            {
                await Task.WhenAll(Sessions.Select(s => s.Detach(services.Port.Holder)));
            }
        }
        catch (Exception e) when (e is TimeoutException or Orleans.Runtime.OrleansException)
        {
            // the lease ends by itself
        }
    }

    private ClientSession[] Sessions => _entrance.IsDual ? [_session!, _player!] : [_session!];

    private async Task Try(Func<Task> act, bool isFatal)
    {
        try
        {
            await act();
        }
        catch (Exception e) when (e is TimeoutException or Orleans.Runtime.OrleansException)
        {
            Fail("UNAVAILABLE", isFatal);
        }
        catch (Exception e) when (e is not OperationCanceledException)
        {
            services.Log.RequestFailed(e, "a LiveKit client's request");
            Fail("INTERNAL", isFatal);
        }
    }

    private void CountRefusal(string code) => services.State.CountRefusal(code, $"LiveKit signalling in {_entrance.Room}", _entrance.Caller.Identity);

    private void Fail(string code, bool isFatal)
    {
        CountRefusal(code);
        if (isFatal)
        {
            SayLeave(code);
        }
    }

    private void SayLeave(string reason)
    {
        lock (_gate)
        {
            if (_isOver)
            {
                return;
            }

            _isOver = true;
            connection.Send(new SignalResponse { Leave = LeaveMapping.Leave(reason) });
            connection.End(new(1000, reason)); // any other code would have the client reconnect on top of what it was told
        }
    }
}
