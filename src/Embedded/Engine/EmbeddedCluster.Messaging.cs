using System.Collections.Concurrent;
using Nexus.Embedded.Calls;
using Nexus.Embedded.Persistence;
using Orleans.Runtime;

namespace Nexus.Embedded;

/// <summary>From a call to the activation that runs it.</summary>
public sealed partial class EmbeddedCluster
{
    private readonly ConcurrentDictionary<GrainId, Activation> _directory = new();
    private readonly ConcurrentDictionary<string, MemoryGrainStorage> _memory = new();
    private readonly ConcurrentDictionary<string, JsonFileGrainStorage> _files = new();
    private readonly ObserverTable _observers;

    internal object Reference(Type interfaceType, GrainId id) => GrainInterface.Of(interfaceType).MakeReference(this, id);

    internal ObserverTable Observers => _observers;

    /// <summary>Sends a call. Arguments are copied before this returns.</summary>
    internal Task<T> Call<T>(GrainReference target, GrainMethod method, object?[] arguments)
    {
        if (arguments.Length > 0)
        {
            method.CopyArguments(arguments);
        }

        var from = RuntimeContext.Current as Activation;
        if (from is { HasEnded: true, PlacedOn.IsAlive: false })
        {
            return Task.FromException<T>(new SiloUnavailableException($"The silo of the calling grain {from.GrainId} is dead."));
        }

        var caller = method.IsOneWay ? null : from?.Current;
        if (CallChain.Contains(caller, target.GrainId))
        {
            return Task.FromException<T>(new CallCycleException(
                $"Call cycle: {CallChain.Describe(caller)} → {method} on {target.GrainId}, which waits for this very call."));
        }

        var request = new CallRequest<T>(target.GrainId, method, arguments, caller) { AskedAt = Time.GetTimestamp() };
        if (ObserverTable.IsObserver(target.GrainId))
        {
            _observers.Send(target.GrainId, request);
        }
        else
        {
            Dispatch(request, from?.PlacedOn);
        }

        return method.IsOneWay ? Done<T>.Task : request.Response;
    }

    /// <summary>Gives a turn to its grain's activation; makes one where there is none.</summary>
    internal void Dispatch(Turn turn, EmbeddedSilo? from)
    {
        while (true)
        {
            if (_directory.TryGetValue(turn.Grain, out var activation))
            {
                if (activation.Accept(turn))
                {
                    return;
                }

                continue;
            }

            Activation created;
            try
            {
                created = new Activation(this, GrainCatalog.All.ForName(turn.Grain.Type), turn.Grain);
            }
            catch (ArgumentException e)
            {
                turn.Fail(e);
                return;
            }

            created.Accept(turn);
            if (_directory.TryAdd(turn.Grain, created))
            {
                Work.Begin();
                ThreadPool.UnsafeQueueUserWorkItem(static state => _ = state.Cluster.PlaceAsync(state.Created, state.From), (Cluster: this, Created: created, From: from), preferLocal: true);
                return;
            }
        }
    }

    internal void Remove(Activation activation) => _directory.TryRemove(new(activation.GrainId, activation));

    private async Task PlaceAsync(Activation activation, EmbeddedSilo? from)
    {
        try
        {
            EmbeddedSilo silo;
            do
            {
                silo = await SiloPlacement.ChooseAsync(this, activation, from is { IsAlive: true } ? from : null);
            }
            while (!activation.ActivateOn(silo));
        }
        catch (Exception e)
        {
            activation.Abandon(e is OrleansException ? e : new OrleansException($"Could not place {activation.GrainId}: {e.Message}", e));
        }
        finally
        {
            Work.End();
        }
    }

    private static class Done<T>
    {
        public static readonly Task<T> Task = System.Threading.Tasks.Task.FromResult<T>(default!);
    }
}
